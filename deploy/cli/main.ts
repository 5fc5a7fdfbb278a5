/** The `pandok` command: each subcommand is somebody's library; this only finds it. */

import type * as Door from '@pandok/anonymizer/node/deidentify'

const io = {
  out: (text: string) => process.stdout.write(text),
  error: (text: string) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
}

const HELP = `pandok deidentify IN… --out DIR   de-identify DICOM files on this machine
pandok upload IN… --project P      de-identify on this machine and send to Pandok
pandok key show|rotate FILE       the project's keys
pandok ledger VERB FILE           what was de-identified for whom; copies, recall, destruction
pandok pseudonyms VERB FILE       the encrypted way back, for two persons together
pandok evidence DIR --out PACK.zip   what a review board looks at
pandok verify RELEASE.zip         check that a release is whole
pandok phantom --out DIR          make a chest-CT-like series of known truth
pandok help                       this
`

const [command, ...args] = process.argv.slice(2)
process.exitCode = await run()

async function run(): Promise<number> {
  switch (command) {
    case 'deidentify': {
      const { deidentifyDoor } = await import('./bundle.ts')
      const { runDeidentifyCli } = (await import(await deidentifyDoor())) as typeof Door
      return await runDeidentifyCli(args, io)
    }
    case 'upload': {
      const { runUploadCli } = await import('./upload/upload.ts')
      return await runUploadCli(
        args,
        io,
        async () => (await import('@pandok/anonymizer/node/clean-files')).cleanFiles,
      )
    }
    case 'key': {
      const { runKeyCli } = await import('@pandok/anonymizer/node/key')
      return await runKeyCli(args, io)
    }
    case 'ledger': {
      const { runLedgerCli } = await import('@pandok/anonymizer/node/ledger')
      return await runLedgerCli(args, io)
    }
    case 'pseudonyms': {
      const { runPseudonymsCli } = await import('@pandok/anonymizer/node/pseudonyms')
      return await runPseudonymsCli(args, io)
    }
    case 'evidence': {
      const { runEvidenceCli } = await import('@pandok/anonymizer/node/evidence')
      return await runEvidenceCli(args, io)
    }
    case 'verify': {
      const { runVerifyCli } = await import('@pandok/api/releases/verify')
      return await runVerifyCli(args, io)
    }
    case 'help':
    case '--help':
      io.out(HELP)
      return 0
    default:
      io.error(HELP)
      return 2
  }
}
