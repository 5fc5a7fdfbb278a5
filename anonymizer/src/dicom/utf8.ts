/** A data set with all its text in UTF-8 (PS3.5 6.1.2.3), the meaning unchanged. */
import { characterSetOf } from './access.ts'
import { dataSet as buildDataSet, sequence, value } from './build.ts'
import { decodeText } from './charset.ts'
import { CHARSET_VRS, type DataSet, type Element } from './model.ts'

const SPECIFIC_CHARACTER_SET = '00080005'

/** (0008,0005) becomes ISO_IR 192, once, at the top. DICOM_CHARSET for text that is not readable. */
export function toUtf8(dataSet: DataSet): DataSet {
  const converted = convert(dataSet, [])
  return buildDataSet([...converted, value(SPECIFIC_CHARACTER_SET, 'CS', 'ISO_IR 192')])
}

function convert(dataSet: DataSet, inherited: readonly string[]): Element[] {
  const own = characterSetOf(dataSet)
  const characterSet = own.length > 0 ? own : inherited
  const elements: Element[] = []
  for (const element of dataSet.values()) {
    if (element.tag === SPECIFIC_CHARACTER_SET) continue
    if (element.kind === 'sequence') {
      const items = element.items.map((item) => buildDataSet(convert(item, characterSet)))
      elements.push(sequence(element.tag, items))
    } else if (element.kind === 'value' && CHARSET_VRS.has(element.vr)) {
      const text = decodeText(element.bytes, characterSet, element.vr === 'PN')
      elements.push(value(element.tag, element.vr, text.replace(/[\0 ]+$/, '')))
    } else {
      elements.push(element)
    }
  }
  return elements
}
