/** Languages: Korean and English; the choice is kept in this browser. */
import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { en } from './en.ts'
import { ko } from './ko.ts'

export const LANGUAGES = ['ko', 'en'] as const
export type Language = (typeof LANGUAGES)[number]
const STORED = 'pandok.language'

export async function startLanguages(): Promise<void> {
  const stored = localStorage.getItem(STORED)
  const browser = navigator.language.startsWith('ko') ? 'ko' : 'en'
  const language = LANGUAGES.find((each) => each === stored) ?? browser
  document.documentElement.lang = language
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    resources: { en: { translation: en }, ko: { translation: ko } },
    interpolation: { escapeValue: false },
  })
}

export async function setLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORED, language)
  document.documentElement.lang = language
  await i18next.changeLanguage(language)
}
