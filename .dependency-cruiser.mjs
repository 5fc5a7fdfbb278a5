/** The architecture, held by a tool. Numbers follow the rules of dependency in the style guide. */
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

export default {
  forbidden: [
    rule('resolves', '1: every import resolves', {}, { couldNotResolve: true }),
    rule('no-cycles', '1: no cycles', {}, { circular: true }),
    rule(
      'contract-alone',
      '2: the contract imports zod only',
      { path: '^api/contract/src', pathNot: '\\.test\\.ts$' },
      { pathNot: ['^api/contract/src', 'node_modules/zod'] },
    ),
    rule(
      'viewer-no-server',
      '2: the viewer never sees the server',
      { path: '^viewer/src' },
      { path: '^api/src' },
    ),
    rule(
      'anonymizer-alone',
      '2: the anonymizer knows nothing of the product',
      { path: '^anonymizer/src' },
      { path: '^(api|viewer|deploy|test)/' },
    ),
    rule(
      'anonymizer-portable',
      '3: its core runs in browsers too',
      { path: '^anonymizer/src', pathNot: ['^anonymizer/src/node', '\\.test\\.ts$'] },
      { dependencyTypes: ['core'] },
    ),
    rule(
      'vault-guarded',
      '4: only deidentification uses the engine and the vault',
      {
        path: '^api/src',
        pathNot: ['^api/src/deidentification', '^api/src/app\\.ts$', '\\.test\\.ts$'],
      },
      { path: '^anonymizer/src/(index|node|engine|vault)' },
    ),
    rule(
      'sql-in-stores',
      '7: routes never import stores',
      { path: '^api/src/.*/routes\\.ts$' },
      { path: '/store\\.ts$' },
    ),
    rule(
      'imaging-no-react',
      '8: imaging never imports React',
      { path: '^viewer/src/imaging' },
      { path: 'node_modules/(react|react-dom)/' },
    ),
    rule(
      'cornerstone-in-imaging',
      '8: only imaging knows Cornerstone',
      { path: '^viewer/src', pathNot: '^viewer/src/imaging' },
      { path: 'node_modules/(@cornerstonejs|@ohif|dcmjs|cornerstone-core)' },
    ),
    rule(
      'pages-apart',
      '9: pages import no other page',
      { path: '^viewer/src/pages/([^/]+)/' },
      { path: '^viewer/src/pages/', pathNot: '^viewer/src/pages/$1/' },
    ),
    rule(
      'ui-no-data',
      '9: ui imports no data',
      { path: '^viewer/src/ui' },
      { path: '^viewer/src/(data|session|pages|bridge)' },
    ),
    rule(
      'product-no-test',
      '9: product code imports nothing from test/',
      { path: '^(anonymizer|api|viewer)/', pathNot: '\\.test\\.tsx?$' },
      { path: '^test/' },
    ),
    rule(
      'features-through-doors',
      '6: a feature is entered by its index.ts',
      { path: '^api/src/([^/]+)/', pathNot: '\\.test\\.ts$' },
      {
        path: '^api/src/(?!platform|migrations)[^/]+/',
        pathNot: ['^api/src/$1/', '^api/src/[^/]+/index\\.ts$'],
      },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(dist|generated)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
  },
}
