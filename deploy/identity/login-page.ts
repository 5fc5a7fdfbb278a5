/** The sign-in page: plain HTML, Korean or English by the browser, no script, no outside asset. */

const TEXTS = {
  en: {
    title: 'Sign in',
    username: 'User name',
    password: 'Password',
    button: 'Sign in',
    wrong: 'The user name or the password is wrong.',
    slow: 'Too many tries. Wait a minute.',
  },
  ko: {
    title: '로그인',
    username: '사용자 이름',
    password: '비밀번호',
    button: '로그인',
    wrong: '사용자 이름 또는 비밀번호가 올바르지 않습니다.',
    slow: '시도가 너무 많습니다. 1분 후 다시 시도하세요.',
  },
} as const

export type LoginFault = 'wrong' | 'slow'

export function loginPage(acceptLanguage: string | undefined, fault?: LoginFault): string {
  const language = /^ko\b/i.test(acceptLanguage ?? '') ? 'ko' : 'en'
  const text = TEXTS[language]
  const alert = fault === undefined ? '' : `<p role="alert">${text[fault]}</p>`
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Pandok 판독 · ${text.title}</title>
<style>
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #0d1117;
    color: #e6edf3; font: 16px/1.5 system-ui, 'Noto Sans KR', sans-serif }
  main { width: 20rem; padding: 2rem; background: #161b22; border: 1px solid #30363d; border-radius: 10px }
  h1 { margin: 0 0 1.5rem; font-size: 1.3rem }
  h1 small { color: #8b949e; font-weight: 400 }
  label { display: block; margin: 0 0 1rem }
  input { box-sizing: border-box; width: 100%; margin-top: .25rem; padding: .55rem .7rem; font: inherit;
    color: inherit; background: #0d1117; border: 1px solid #484f58; border-radius: 6px }
  button { width: 100%; padding: .6rem; font: inherit; font-weight: 600; color: #fff; background: #1f6feb;
    border: 0; border-radius: 6px; cursor: pointer }
  :focus-visible { outline: 2px solid #58a6ff; outline-offset: 2px }
  [role=alert] { color: #ff7b72 }
</style>
<main>
  <h1>Pandok <small>판독</small></h1>
  ${alert}
  <form method="post" autocomplete="on">
    <label>${text.username}<input name="username" autocomplete="username" autofocus required></label>
    <label>${text.password}<input name="password" type="password" autocomplete="current-password" required></label>
    <button>${text.button}</button>
  </form>
</main>
</html>`
}
