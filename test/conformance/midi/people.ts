/**
 * Invented subjects whose names are traps (parts of clinical words), with every spelling of what
 * identifies them that people type into free text; and clinical words that must stay.
 */

export interface Person {
  /** (0010,0010), with ideographic and phonetic groups. */
  readonly name: string
  readonly id: string
  readonly accession: string
  readonly birth: string
  readonly referrer: string
  /** Spellings of the name, as typed. */
  readonly spellings: readonly string[]
  /** Spellings of IDs. */
  readonly ids: readonly string[]
}

export const PEOPLE: readonly Person[] = [
  {
    name: 'Hong^Gildong=洪^吉洞=홍^길동',
    id: '20260417-55',
    accession: 'A2403-00917',
    birth: '19630417',
    referrer: 'Kim^Younghee==김^영희',
    spellings: [
      '홍길동',
      '홍 길동',
      '홍길동님',
      '洪吉洞',
      'Hong Gildong',
      'GILDONG HONG',
      'HONG, GILDONG',
      'Hong Gil-dong',
      'hong_gildong',
      'HongGildong',
      'H.G.',
      'Hong^Gildong',
    ],
    ids: [
      '20260417-55',
      '2026041755',
      'ID:20260417-55',
      '20260417 55',
      'A2403-00917',
      'A240300917',
    ],
  },
  {
    name: 'Lee^Young Han=李^英漢=이^영한',
    id: 'HN00773419',
    accession: '7734190211',
    birth: '19710812',
    referrer: 'Park^Rose',
    spellings: ['이영한', '李英漢', 'Lee Young Han', 'Young-Han Lee', 'LEE YOUNGHAN', 'Y.H. Lee'],
    ids: ['HN00773419', 'hn00773419', 'HN-00773419', '7734190211', '7734 190211'],
  },
  {
    name: 'SMITH^JOHN^ANDREW',
    id: '0004711822',
    accession: 'ACC.88.1273',
    birth: '19580217',
    referrer: 'Rose^Dr',
    spellings: ['John Smith', 'SMITH JOHN', 'Smith, John A.', 'john andrew smith', 'J.A. Smith'],
    ids: ['0004711822', '4711822', 'ACC.88.1273', 'ACC 88 1273', 'MRN 0004711822'],
  },
  {
    name: "O'Brien^Mary-Ann",
    id: 'P/2211/93',
    accession: '19-4471-B',
    birth: '19801130',
    referrer: 'Long^Peter',
    spellings: ["O'Brien", "Mary-Ann O'Brien", 'OBRIEN MARY ANN', 'Mary Ann'],
    ids: ['P/2211/93', 'P-2211-93', '19-4471-B', '194471B'],
  },
]

/** What anybody's free text may hold, whoever it is about. */
export const FORMS: Readonly<Record<string, readonly string[]>> = {
  phone: [
    '010-1234-5678',
    '01012345678',
    '010 1234 5678',
    '+82-10-1234-5678',
    '+82 10 1234 5678',
    '02-345-6789',
    '(02) 345-6789',
    '031-234-5678',
    '(555) 123-4567',
    '555-123-4567',
    '1588-1234',
  ],
  resident: ['630417-1234567', '6304171234567', '630417 1234567', '630417-1******'],
  mail: ['gildong.h@hospital.co.kr', 'J_Smith99@mail.example.org'],
  date: [
    '2024-03-05',
    '2024.03.05',
    '2024. 3. 5.',
    '2024/3/5',
    '20240305',
    '05/03/2024',
    '3-5-2024',
    '24.03.05',
    "'24-03-05",
    '5 Mar 2024',
    'March 5, 2024',
    'Mar 5th, 2024',
    '5th of March 2024',
    'MAR-2024',
    '2024년 3월 5일',
    '2024년 3월',
    '3월 5일',
    '2024-03-05T10:15',
  ],
  titled: [
    'Dr. Walters',
    'Dr Ann Walters',
    'Prof. Müller',
    '최민서 교수',
    '최민서 교수님',
    '박선생님',
  ],
}

/** Whole phrases; every one must come through word by word. */
export const CLINICAL: readonly string[] = [
  'RUL lobectomy s/p, spiculated nodule 12 mm',
  'T2 FLAIR axial 3.0 thk',
  'sleep study, leeway in comparison',
  'young handed male, parkinsonism',
  'Lung-RADS 4A, RECIST 1.1',
  'C7-T1 level, L4/5 disc',
  'MR brain, MS plaques, DR chest PA',
  'FDG 370 MBq, 60 min p.i.',
  'b1000 ADC 1.2 x 10-3',
  '120 kVp 250 mAs, WL 40/400',
  'CHEST ROUTINE 1.25MM LUNG',
  'series 3/12, phase 40%',
  '2.1 x 3.5 cm mass, SUVmax 11.4',
  'roseola, longitudinal lesion along its axis',
  'mayo score 3, march fracture',
  'decrease in size since prior exam',
  '우상엽 결절 12mm',
  '폐암 의심, 간 전이 없음',
  '조영증강 흉부 CT',
  '3개월 후 추적검사',
  '림프절 종대, 홍반',
  '이하선 종괴, 영상의학과',
  '1차 치료 후 호전',
]
