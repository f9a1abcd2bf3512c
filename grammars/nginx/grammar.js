/**
 * nginx configuration grammar, written from the rules of nginx's own
 * tokenizer: a file is a flat run of words, quoted strings, ';', '{', '}'.
 * Quoted strings and raw Lua come from src/scanner.c.
 */
const ESC = '\\\\(.|\\r|\\n)'; // backslash + any one character (newline too)
const VAR = '\\$\\{*'; // '$' keeps directly following '{' inside the word
const HEAD = '[^ \\t\\r\\n;{}#"\'\\\\$]';
const TAIL = '[^ \\t\\r\\n;{\\\\$]';

module.exports = grammar({
  name: 'nginx',
  extras: $ => [/[ \t\r\n]+/, $.comment],
  externals: $ => [
    $.double_quoted, $.single_quoted, $.unterminated_string, $.unexpected,
    $._lua_name_dq, $._lua_name_sq, $.lua_code, $._error_sentinel,
  ],
  rules: {
    source_file: $ => repeat($._item),
    _item: $ => choice($.directive, $.block_directive, $.lua_directive),

    directive: $ => seq(
      field('name', $._value), repeat(field('argument', $._value)), ';',
    ),
    block_directive: $ => seq(
      field('name', $._value), repeat(field('argument', $._value)), field('body', $.block),
    ),
    block: $ => seq('{', repeat($._item), '}'),

    lua_directive: $ => seq(
      field('name', choice(
        alias($._lua_name, $.word),
        alias($._lua_name_dq, $.double_quoted),
        alias($._lua_name_sq, $.single_quoted),
      )),
      repeat(field('argument', $._value)),
      field('body', $.lua_block),
    ),
    lua_block: $ => seq('{', optional($.lua_code), '}'),

    _value: $ => choice($.word, $._quoted, $.unterminated_string),
    _quoted: $ => prec.right(seq(choice($.double_quoted, $.single_quoted), optional($.unexpected))),

    word: _ => token(new RegExp(`(${HEAD}|${ESC}|${VAR})(${TAIL}|${ESC}|${VAR})*`)),
    _lua_name: _ => token(prec(1, /[a-z][a-z_]*_by_lua_block/)),
    comment: _ => token(/#[^\n]*/),
  },
});
