import path from 'node:path';
import { type Disposable, languages, type TextDocument, workspace } from 'vscode';

/** Folders that nginx shares with Apache, supervisor, fontconfig and others: the file name alone says nothing. */
const SHARED_FOLDER = /[\\/](?:conf\.d|sites-available|sites-enabled)[\\/]/;

const OTHERS: readonly { readonly line: RegExp; readonly language: string }[] = [
  {
    line: /^[ \t]*<(?:VirtualHost|IfModule|IfDefine|Directory|DirectoryMatch|Location|LocationMatch|Files|FilesMatch|Proxy|Macro)\b[^;{}]*>\s*$/im,
    language: 'apacheconf',
  },
  {
    line: /^[ \t]*(?:Alias|ScriptAlias|LoadModule|ServerName|Listen|RewriteEngine)\s[^;{}]*$/m,
    language: 'apacheconf',
  },
  { line: /^[ \t]*\[[\w:. -]+\]\s*$/m, language: 'ini' },
  { line: /^\s*<\?xml\s/, language: 'xml' },
];

/** Language of a text that is certainly not nginx's, null when it may be. */
export function otherFormat(text: string): string | null {
  return OTHERS.find(({ line }) => line.test(text))?.language ?? null;
}

/** Gives files of other programs in shared folders their own language, once: who then says nginx means it. */
export function leaveOtherFormatsAlone(): Disposable {
  const seen = new Set<string>();
  const look = async (document: TextDocument): Promise<void> => {
    if (document.languageId !== 'nginx' || !SHARED_FOLDER.test(document.fileName)) return;
    if (path.basename(document.fileName) === 'nginx.conf' || seen.has(document.uri.toString())) return;
    const language = otherFormat(document.getText());
    if (language === null) return;
    seen.add(document.uri.toString());
    const known = await languages.getLanguages();
    await languages.setTextDocumentLanguage(document, known.includes(language) ? language : 'plaintext');
  };
  for (const document of workspace.textDocuments) void look(document);
  return workspace.onDidOpenTextDocument((document) => void look(document));
}
