import i18next from 'i18next'
import { beforeAll, expect, test } from 'vitest'
import { ko } from '../../i18n/ko.ts'
import { inWords } from './ledger-words.ts'

beforeAll(async () => {
  await i18next.init({ lng: 'ko', resources: { ko: { translation: ko } } })
})

test.each([
  ['project lung', '이 과제'],
  ['project breast', 'project breast'],
  ['this installation', '이 서버'],
  ['network address 10.0.0.7', '네트워크 주소 10.0.0.7'],
  ['release 2', '릴리스 2'],
  [`release 12: 3 cases, SHA-256 ${'ab'.repeat(32)}`, '릴리스 12'],
  ['PIPA 28-2', '개인정보 보호법 제28조의2'],
  ['release 2, images only, encrypted disc', 'release 2, images only, encrypted disc'],
  ['Seoul General, radiology', 'Seoul General, radiology'],
])('%s: %s', (written, said) => {
  expect(inWords(i18next.t, written, 'lung')).toBe(said)
})
