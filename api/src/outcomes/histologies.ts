/**
 * ICD-O-3 morphologies of lung tumours that the outcome form offers. Codes and names are facts of
 * ICD-O-3 and the WHO classification; 8250/2, 8032/3, 8972/3
 * and 8044/3 were not checked against a source and want a pathologist's look.
 */
import type { Histology } from '@pandok/contract'
import type { z } from 'zod'

export const HISTOLOGIES: readonly z.infer<typeof Histology>[] = [
  { code: '8140/3', en: 'Adenocarcinoma NOS', ko: '선암' },
  { code: '8250/3', en: 'Lepidic adenocarcinoma', ko: '부착형(레피딕) 선암' },
  { code: '8551/3', en: 'Acinar adenocarcinoma', ko: '선방형 선암' },
  { code: '8260/3', en: 'Papillary adenocarcinoma', ko: '유두형 선암' },
  { code: '8265/3', en: 'Micropapillary adenocarcinoma', ko: '미세유두형 선암' },
  { code: '8230/3', en: 'Solid adenocarcinoma', ko: '고형 선암' },
  { code: '8253/3', en: 'Invasive mucinous adenocarcinoma', ko: '침습점액선암' },
  {
    code: '8254/3',
    en: 'Mixed invasive mucinous and non-mucinous adenocarcinoma',
    ko: '혼합 점액/비점액 선암',
  },
  { code: '8480/3', en: 'Colloid adenocarcinoma', ko: '콜로이드 선암' },
  { code: '8333/3', en: 'Fetal adenocarcinoma', ko: '태아형 선암' },
  { code: '8144/3', en: 'Enteric-type adenocarcinoma', ko: '장형 선암' },
  {
    code: '8256/3',
    en: 'Minimally invasive adenocarcinoma, non-mucinous',
    ko: '최소침습선암(비점액)',
  },
  { code: '8257/3', en: 'Minimally invasive adenocarcinoma, mucinous', ko: '최소침습선암(점액)' },
  { code: '8250/2', en: 'Adenocarcinoma in situ, non-mucinous', ko: '선암 상피내암(비점액)' },
  { code: '8253/2', en: 'Adenocarcinoma in situ, mucinous', ko: '선암 상피내암(점액)' },
  { code: '8070/3', en: 'Squamous cell carcinoma NOS', ko: '편평세포암' },
  { code: '8071/3', en: 'Keratinizing squamous cell carcinoma', ko: '각화 편평세포암' },
  { code: '8072/3', en: 'Non-keratinizing squamous cell carcinoma', ko: '비각화 편평세포암' },
  { code: '8083/3', en: 'Basaloid squamous cell carcinoma', ko: '기저양 편평세포암' },
  { code: '8082/3', en: 'Lymphoepithelial carcinoma', ko: '림프상피암종' },
  { code: '8560/3', en: 'Adenosquamous carcinoma', ko: '선편평세포암' },
  { code: '8012/3', en: 'Large cell carcinoma', ko: '대세포암' },
  { code: '8013/3', en: 'Large cell neuroendocrine carcinoma', ko: '대세포신경내분비암' },
  { code: '8041/3', en: 'Small cell carcinoma', ko: '소세포암' },
  { code: '8045/3', en: 'Combined small cell carcinoma', ko: '복합 소세포암' },
  { code: '8240/3', en: 'Carcinoid tumour, typical (NET)', ko: '전형 유암종' },
  { code: '8249/3', en: 'Atypical carcinoid', ko: '비전형 유암종' },
  { code: '8246/3', en: 'Neuroendocrine carcinoma NOS', ko: '신경내분비암 NOS' },
  { code: '8022/3', en: 'Pleomorphic carcinoma', ko: '다형성암' },
  { code: '8031/3', en: 'Giant cell carcinoma', ko: '거대세포암' },
  { code: '8032/3', en: 'Spindle cell carcinoma', ko: '방추세포암' },
  { code: '8033/3', en: 'Sarcomatoid carcinoma NOS', ko: '육종양암' },
  { code: '8980/3', en: 'Carcinosarcoma', ko: '암육종' },
  { code: '8972/3', en: 'Pulmonary blastoma', ko: '폐모세포종' },
  { code: '8023/3', en: 'NUT carcinoma', ko: 'NUT 암종' },
  {
    code: '8044/3',
    en: 'Thoracic SMARCA4-deficient undifferentiated tumour',
    ko: '흉부 SMARCA4 결손 미분화 종양',
  },
  { code: '8430/3', en: 'Mucoepidermoid carcinoma', ko: '점액표피양암' },
  { code: '8200/3', en: 'Adenoid cystic carcinoma', ko: '선낭암' },
  { code: '8562/3', en: 'Epithelial-myoepithelial carcinoma', ko: '상피근상피암' },
  { code: '8310/3', en: 'Hyalinizing clear cell carcinoma', ko: '유리질화 투명세포암' },
  { code: '8982/3', en: 'Myoepithelial carcinoma', ko: '근상피암' },
  { code: '8046/3', en: 'Non-small cell carcinoma NOS', ko: '비소세포암 NOS' },
  { code: '8010/3', en: 'Carcinoma NOS', ko: '암종 NOS' },
  { code: '8000/3', en: 'Neoplasm, malignant', ko: '악성 신생물' },
]

const CODES: ReadonlySet<string> = new Set(HISTOLOGIES.map(({ code }) => code))

export function isKnownHistology(code: string): boolean {
  return CODES.has(code)
}
