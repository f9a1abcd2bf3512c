/**
 * nginx's configuration language, by the rules of nginx's own tokenizer: a file is a flat run of words, quoted strings,
 * ';', '{' and '}'. The grammar knows no directive but the *_by_lua_block family, whose braces hold Lua: which names
 * exist, and where, is for whoever reads the tree. src/scanner.c supplies the strings and everything about Lua.
 */

// A backslash takes the next character with it, whatever that is.
const ESCAPE = '\\\\(.|\\r|\\n)';
// The braces right behind a '$' belong to the word, so `${name}` is no block opener.
const VARIABLE = '\\$\\{*';
const FIRST = '[^ \\t\\r\\n;{}#"\'\\\\$]';
const REST = '[^ \\t\\r\\n;{\\\\$]';

module.exports = grammar({
  name: 'nginx',

  extras: ($) => [/[ \t\r\n]+/, $.comment],

  externals: ($) => [
    $.double_quoted,
    $.single_quoted,
    $.unterminated_string,
    $.unexpected,
    $._lua_name,
    $._lua_name_double,
    $._lua_name_single,
    $.lua_code,
    // Used by no rule, hence valid only while tree-sitter recovers from an error: that is how the scanner knows.
    $._recovering,
  ],

  rules: {
    source_file: ($) => repeat($._item),

    _item: ($) => choice($.directive, $.block_directive, $.lua_directive),

    directive: ($) =>
      seq(field('name', choice($._value, $._any_lua_name)), repeat(field('argument', $._value)), ';'),

    block_directive: ($) =>
      seq(field('name', $._value), repeat(field('argument', $._value)), field('body', $.block)),

    block: ($) => seq('{', repeat($._item), '}'),

    lua_directive: ($) =>
      seq(field('name', $._any_lua_name), repeat(field('argument', $._value)), field('body', $.lua_block)),

    // Its code is one token, as a rule; a Lua string that is left open begins another one.
    lua_block: ($) => seq('{', repeat($.lua_code), '}'),

    _any_lua_name: ($) =>
      choice(
        alias($._lua_name, $.word),
        alias($._lua_name_double, $.double_quoted),
        alias($._lua_name_single, $.single_quoted),
      ),

    _value: ($) => choice($.word, $._quoted, $.unterminated_string),

    _quoted: ($) => prec.right(seq(choice($.double_quoted, $.single_quoted), optional($.unexpected))),

    word: (_) => token(new RegExp(`(${FIRST}|${ESCAPE}|${VARIABLE})(${REST}|${ESCAPE}|${VARIABLE})*`)),

    // Only a line feed ends a comment; the carriage return of a CRLF is left out of it.
    comment: (_) => token(/#([^\r\n]|\r+[^\r\n])*/),
  },
});
