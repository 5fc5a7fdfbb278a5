/** `npm run faults [-- NAME]`: the faults in their long form, through the runner of `npm test`. */
const names = process.argv.slice(2)
process.env['PANDOK_FAULTS'] = 'long'
process.argv.splice(2, names.length, ...names.map((name) => `test/faults/${name}`))
if (names.length === 0) process.argv.push('test/faults')
await import('../run.ts')
