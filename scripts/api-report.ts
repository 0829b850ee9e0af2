// The public API as the compiler sees it: every export of the package's entry points with its declaration and its words.
import { join } from 'node:path';
import ts from 'typescript';

interface Entry {
  readonly document: string;
  readonly module: string;
  readonly source: string;
}

const entries: readonly Entry[] = [
  { document: 'docs/api/tropea.api.md', module: 'tropea', source: 'src/index.ts' },
  { document: 'docs/api/testing.api.md', module: 'tropea/testing', source: 'src/testing.ts' },
];

const kinds = ['class', 'function', 'constant', 'type'] as const;
type Kind = (typeof kinds)[number];

interface Told {
  readonly name: string;
  readonly kind: Kind;
  readonly words: string;
  readonly declaration: string;
}

/** Text of each document, by its path. */
export function apiReports(root: string): Record<string, string> {
  const config = ts.readConfigFile(join(root, 'tsconfig.build.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root, undefined, 'tsconfig.build.json');
  const { tsBuildInfoFile: _, ...rest } = options;
  const program = ts.createProgram(
    entries.map(({ source }) => join(root, source)),
    { ...rest, incremental: false, emitDeclarationOnly: true },
  );
  const declarations = new Declarations(program);
  return Object.fromEntries(entries.map((entry) => [entry.document, report(root, entry, program, declarations)]));
}

function report(root: string, { module, source }: Entry, program: ts.Program, declarations: Declarations): string {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(join(root, source));
  const symbol = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  if (symbol === undefined) throw new Error(`${source} exports nothing`);
  const told = checker.getExportsOfModule(symbol).map((each) => {
    const real = (each.flags & ts.SymbolFlags.Alias) === 0 ? each : checker.getAliasedSymbol(each);
    return declarations.of(each.name, real);
  });
  told.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
  const index = told.map(({ name, kind }) => `- ${kind} [\`${name}\`](#${name.toLowerCase()})`);
  const sections = told.map(({ name, words, declaration }) => {
    const prose = words === '' ? '' : `${words}\n\n`;
    return `## ${name}\n\n${prose}\`\`\`ts\n${declaration}\n\`\`\`\n`;
  });
  return `# ${module}\n\n<!-- Made by \`npm run docs\` from ${source}. A change here is a change of the public API. -->\n\n${index.join('\n')}\n\n${sections.join('\n')}`;
}

/** Finds declarations without their bodies in what the compiler would write as `.d.ts`. */
class Declarations {
  readonly #program: ts.Program;
  readonly #files = new Map<string, ts.SourceFile>();

  constructor(program: ts.Program) {
    this.#program = program;
  }

  of(name: string, symbol: ts.Symbol): Told {
    const from = symbol.declarations?.[0]?.getSourceFile();
    if (from === undefined) throw new Error(`${name} is declared nowhere`);
    const file = this.#emitted(from);
    for (const statement of file.statements) {
      const declared = declaredBy(statement);
      if (declared?.name !== symbol.name) continue;
      const text = statement.getText(file);
      const [docs] = ts.getJSDocCommentsAndTags(statement);
      const words = docs !== undefined && ts.isJSDoc(docs) ? plain(docs, file) : '';
      return { name, kind: declared.kind, words, declaration: withoutInternals(text) };
    }
    throw new Error(`${name} is not in the declarations of ${from.fileName}`);
  }

  #emitted(source: ts.SourceFile): ts.SourceFile {
    const known = this.#files.get(source.fileName);
    if (known !== undefined) return known;
    let text = '';
    const write = (_: string, content: string): void => {
      text = content;
    };
    this.#program.emit(source, write, undefined, true);
    const file = ts.createSourceFile(source.fileName, text, ts.ScriptTarget.ES2023, true);
    this.#files.set(source.fileName, file);
    return file;
  }
}

function declaredBy(statement: ts.Statement): { readonly name: string | undefined; readonly kind: Kind } | undefined {
  if (ts.isClassDeclaration(statement)) return { name: statement.name?.text, kind: 'class' };
  if (ts.isFunctionDeclaration(statement)) return { name: statement.name?.text, kind: 'function' };
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
    return { name: statement.name.text, kind: 'type' };
  }
  if (!ts.isVariableStatement(statement)) return undefined;
  const [first] = statement.declarationList.declarations;
  return { name: first === undefined ? undefined : first.name.getText(), kind: 'constant' };
}

/** The words of a comment without its stars. */
function plain(docs: ts.JSDoc, file: ts.SourceFile): string {
  return docs
    .getText(file)
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
}

/** Private members tell only that they are there. */
const withoutInternals = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !/^\s+(#private|private constructor).*;$/.test(line))
    .join('\n')
    .replace(/^export (declare )?/, '');
