/**
 * In which form attributes are given (PS3.18 8.7.3, tables 10.4.4-1 and 10.6.4-1): the DICOM JSON Model, all
 * in one array, or the Native DICOM Model in XML, a part for each. NOT_ACCEPTABLE for other forms.
 */
import { type DicomJson, toNativeModel } from '@pandok/anonymizer/dicom'
import { PandokError } from '@pandok/contract'
import type { BytesAnswer } from '../platform/http/handler.ts'
import { covers, readAccept } from './accept.ts'
import type { Query } from './matching.ts'
import { multipartStream, multipartType, newBoundary, type Part } from './multipart.ts'

export const JSON_TYPE = 'application/dicom+json'
const XML_TYPE = 'application/dicom+xml'

export type MetadataForm = 'json' | 'xml' | 'multipart-xml'

/** `isOne`: of one instance, whose XML may be a single part (PS3.18 10.4.4). */
export function chooseMetadataForm(
  accept: string | undefined,
  query: Query,
  { isOne }: { isOne: boolean },
): MetadataForm {
  for (const range of readAccept(accept, query)) {
    const isJson = covers(range, JSON_TYPE) || covers(range, 'application/json')
    if (!range.isMultipart && isJson) return 'json'
    if (range.isMultipart && covers(range, XML_TYPE)) return 'multipart-xml'
    if (isOne && !range.isMultipart && range.type === XML_TYPE) return 'xml'
  }
  throw new PandokError('NOT_ACCEPTABLE', `only ${JSON_TYPE} and ${XML_TYPE} are made here`)
}

type Headers = Readonly<Record<string, string>>

export function xmlAnswer(json: DicomJson, headers: Headers): BytesAnswer {
  return { type: XML_TYPE, body: toNativeModel(json), headers }
}

/** Made as they are read. */
export function multipartXmlAnswer(
  all: AsyncIterable<DicomJson> | Iterable<DicomJson>,
  headers: Headers,
): BytesAnswer {
  const boundary = newBoundary()
  const parts = async function* (): AsyncGenerator<Part> {
    for await (const json of all) {
      const body = Buffer.from(toNativeModel(json))
      yield {
        headers: { 'Content-Type': XML_TYPE, 'Content-Length': String(body.length) },
        body,
      }
    }
  }
  return {
    type: multipartType(XML_TYPE, boundary),
    headers,
    body: multipartStream(boundary, parts()),
  }
}
