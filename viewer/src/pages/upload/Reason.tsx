/** Why a file was left out: in words where there are some, with the code beside them. */
import { useTranslation } from 'react-i18next'

export function Reason({ code }: { code: string | undefined }) {
  const { t, i18n } = useTranslation()
  if (code === undefined) return null
  return (
    <>
      {i18n.exists(`leftOut.${code}`) ? `${t(`leftOut.${code}` as 'leftOut.DUPLICATE')} ` : ''}
      <code className="muted">{code}</code>
    </>
  )
}
