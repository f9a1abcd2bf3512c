import { TextDocument, type TextDocumentContentChangeEvent } from 'vscode-languageserver-textdocument';
import { forgotSemicolon } from '../engine/config/forgotten-semicolon.ts';
import { editDocument, readDocument, release, type SyntaxDocument } from '../engine/syntax/document.ts';
import type { TextEdit } from '../engine/syntax/parser.ts';

const OPTIONS = { forgotSemicolon, keepTree: true };

/**
 * A document that an editor holds open: its text, and its syntax brought up to date with the edits since it was last
 * asked for.
 */
export class OpenDocument {
  private syntaxDocument: SyntaxDocument | null = null;
  private pending: TextEdit[] = [];

  private constructor(private text: TextDocument) {}

  static create(uri: string, languageId: string, version: number, content: string): OpenDocument {
    return new OpenDocument(TextDocument.create(uri, languageId, version, content));
  }

  /** Takes changes in the order in which the client made them. */
  static update(
    document: OpenDocument,
    changes: TextDocumentContentChangeEvent[],
    version: number,
  ): OpenDocument {
    for (const change of changes) {
      if ('range' in change) {
        const start = document.text.offsetAt(change.range.start);
        const oldEnd = Math.max(start, document.text.offsetAt(change.range.end));
        document.pending.push({ start, oldEnd, newEnd: start + change.text.length });
      } else document.forget();
      document.text = TextDocument.update(document.text, [change], version);
    }
    return document;
  }

  get uri(): string {
    return this.text.uri;
  }

  get version(): number {
    return this.text.version;
  }

  get languageId(): string {
    return this.text.languageId;
  }

  getText(): string {
    return this.text.getText();
  }

  /** Directives of the current text. */
  get syntax(): SyntaxDocument {
    if (this.syntaxDocument === null) {
      this.syntaxDocument = readDocument(this.getText(), OPTIONS);
    } else if (this.pending.length > 0) {
      const previous = this.syntaxDocument;
      this.syntaxDocument = editDocument(previous, this.getText(), this.pending, OPTIONS);
      release(previous);
    }
    this.pending = [];
    return this.syntaxDocument;
  }

  /** Frees what the syntax holds outside of the garbage collector's sight. */
  close(): void {
    this.forget();
  }

  private forget(): void {
    if (this.syntaxDocument) release(this.syntaxDocument);
    this.syntaxDocument = null;
    this.pending = [];
  }
}
