/**
 * Takes apart how a report names a rule, such as `X/D, C by clean-descriptors`: codes of PS3.15 table
 * E.1-1 apart from what can be said in words. Pure.
 */

type RulePart =
  /** Of the attribute in the IOD (PS3.5 7.4). */
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'option'; readonly option: string }
  | { readonly kind: 'phrase'; readonly phrase: string }

export interface RuleInParts {
  readonly codes: readonly string[]
  readonly said: readonly RulePart[]
}

const CODE = /^(?:E\.3\.4)? ?(?:[XZDUKC](?:\/[XZDUKC]\*?)*)?$/

export function readRule(rule: string): RuleInParts {
  const codes: string[] = []
  const said: RulePart[] = []
  for (const part of rule.split(', ')) {
    const type = /^Type (\w+)$/.exec(part)?.[1]
    const [, letter, option] = /^([KC]) by ([a-z-]+)$/.exec(part) ?? []
    if (type !== undefined) said.push({ kind: 'type', type })
    else if (letter !== undefined && option !== undefined) {
      codes.push(letter)
      said.push({ kind: 'option', option })
    } else if (CODE.test(part)) codes.push(part)
    else said.push({ kind: 'phrase', phrase: part })
  }
  return { codes, said }
}
