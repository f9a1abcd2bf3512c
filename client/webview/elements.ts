/** What stands in an element: texts stay texts. */
export type Content = string | Node | null | readonly Content[];

/**
 * Makes an element. Attributes that are null are left out; `class`, `aria-*` and the like by their HTML names. Texts
 * become text nodes, never HTML.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | null>> = {},
  ...content: Content[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null) element.setAttribute(key, value);
  }
  append(element, content);
  return element;
}

function append(element: HTMLElement, content: Content): void {
  if (content === null) return;
  if (typeof content === 'string') element.append(visible(content));
  else if (content instanceof Node) element.append(content);
  else for (const part of content as readonly Content[]) append(element, part);
}

/** Control characters and those that turn the direction of writing: in a log they only deceive. */
const DECEIVING =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** The text with such characters by their number. */
export function visible(text: string): string {
  return text.replace(DECEIVING, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** A button with words; `label` for what the words alone do not tell. */
export function button(
  words: string,
  run: () => void,
  options: { kind?: 'primary' | 'secondary' | 'link'; label?: string; key?: string } = {},
): HTMLButtonElement {
  const element = h(
    'button',
    {
      type: 'button',
      class: options.kind ?? 'secondary',
      'aria-label': options.label === undefined ? null : visible(options.label),
      'data-key': options.key ?? null,
    },
    words,
  );
  element.addEventListener('click', run);
  return element;
}
