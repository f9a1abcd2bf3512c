#include <tree_sitter/parser.h>

#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif

#define LANGUAGE_VERSION 14
#define STATE_COUNT 29
#define LARGE_STATE_COUNT 6
#define SYMBOL_COUNT 28
#define ALIAS_COUNT 0
#define TOKEN_COUNT 15
#define EXTERNAL_TOKEN_COUNT 9
#define FIELD_COUNT 3
#define MAX_ALIAS_SEQUENCE_LENGTH 3
#define PRODUCTION_ID_COUNT 7

enum {
  anon_sym_SEMI = 1,
  anon_sym_LBRACE = 2,
  anon_sym_RBRACE = 3,
  sym_word = 4,
  sym_comment = 5,
  sym_double_quoted = 6,
  sym_single_quoted = 7,
  sym_unterminated_string = 8,
  sym_unexpected = 9,
  sym__lua_name = 10,
  sym__lua_name_double = 11,
  sym__lua_name_single = 12,
  sym_lua_code = 13,
  sym__recovering = 14,
  sym_source_file = 15,
  sym__item = 16,
  sym_directive = 17,
  sym_block_directive = 18,
  sym_block = 19,
  sym_lua_directive = 20,
  sym_lua_block = 21,
  sym__any_lua_name = 22,
  sym__value = 23,
  sym__quoted = 24,
  aux_sym_source_file_repeat1 = 25,
  aux_sym_directive_repeat1 = 26,
  aux_sym_lua_block_repeat1 = 27,
};

static const char * const ts_symbol_names[] = {
  [ts_builtin_sym_end] = "end",
  [anon_sym_SEMI] = ";",
  [anon_sym_LBRACE] = "{",
  [anon_sym_RBRACE] = "}",
  [sym_word] = "word",
  [sym_comment] = "comment",
  [sym_double_quoted] = "double_quoted",
  [sym_single_quoted] = "single_quoted",
  [sym_unterminated_string] = "unterminated_string",
  [sym_unexpected] = "unexpected",
  [sym__lua_name] = "word",
  [sym__lua_name_double] = "double_quoted",
  [sym__lua_name_single] = "single_quoted",
  [sym_lua_code] = "lua_code",
  [sym__recovering] = "_recovering",
  [sym_source_file] = "source_file",
  [sym__item] = "_item",
  [sym_directive] = "directive",
  [sym_block_directive] = "block_directive",
  [sym_block] = "block",
  [sym_lua_directive] = "lua_directive",
  [sym_lua_block] = "lua_block",
  [sym__any_lua_name] = "_any_lua_name",
  [sym__value] = "_value",
  [sym__quoted] = "_quoted",
  [aux_sym_source_file_repeat1] = "source_file_repeat1",
  [aux_sym_directive_repeat1] = "directive_repeat1",
  [aux_sym_lua_block_repeat1] = "lua_block_repeat1",
};

static const TSSymbol ts_symbol_map[] = {
  [ts_builtin_sym_end] = ts_builtin_sym_end,
  [anon_sym_SEMI] = anon_sym_SEMI,
  [anon_sym_LBRACE] = anon_sym_LBRACE,
  [anon_sym_RBRACE] = anon_sym_RBRACE,
  [sym_word] = sym_word,
  [sym_comment] = sym_comment,
  [sym_double_quoted] = sym_double_quoted,
  [sym_single_quoted] = sym_single_quoted,
  [sym_unterminated_string] = sym_unterminated_string,
  [sym_unexpected] = sym_unexpected,
  [sym__lua_name] = sym_word,
  [sym__lua_name_double] = sym_double_quoted,
  [sym__lua_name_single] = sym_single_quoted,
  [sym_lua_code] = sym_lua_code,
  [sym__recovering] = sym__recovering,
  [sym_source_file] = sym_source_file,
  [sym__item] = sym__item,
  [sym_directive] = sym_directive,
  [sym_block_directive] = sym_block_directive,
  [sym_block] = sym_block,
  [sym_lua_directive] = sym_lua_directive,
  [sym_lua_block] = sym_lua_block,
  [sym__any_lua_name] = sym__any_lua_name,
  [sym__value] = sym__value,
  [sym__quoted] = sym__quoted,
  [aux_sym_source_file_repeat1] = aux_sym_source_file_repeat1,
  [aux_sym_directive_repeat1] = aux_sym_directive_repeat1,
  [aux_sym_lua_block_repeat1] = aux_sym_lua_block_repeat1,
};

static const TSSymbolMetadata ts_symbol_metadata[] = {
  [ts_builtin_sym_end] = {
    .visible = false,
    .named = true,
  },
  [anon_sym_SEMI] = {
    .visible = true,
    .named = false,
  },
  [anon_sym_LBRACE] = {
    .visible = true,
    .named = false,
  },
  [anon_sym_RBRACE] = {
    .visible = true,
    .named = false,
  },
  [sym_word] = {
    .visible = true,
    .named = true,
  },
  [sym_comment] = {
    .visible = true,
    .named = true,
  },
  [sym_double_quoted] = {
    .visible = true,
    .named = true,
  },
  [sym_single_quoted] = {
    .visible = true,
    .named = true,
  },
  [sym_unterminated_string] = {
    .visible = true,
    .named = true,
  },
  [sym_unexpected] = {
    .visible = true,
    .named = true,
  },
  [sym__lua_name] = {
    .visible = true,
    .named = true,
  },
  [sym__lua_name_double] = {
    .visible = true,
    .named = true,
  },
  [sym__lua_name_single] = {
    .visible = true,
    .named = true,
  },
  [sym_lua_code] = {
    .visible = true,
    .named = true,
  },
  [sym__recovering] = {
    .visible = false,
    .named = true,
  },
  [sym_source_file] = {
    .visible = true,
    .named = true,
  },
  [sym__item] = {
    .visible = false,
    .named = true,
  },
  [sym_directive] = {
    .visible = true,
    .named = true,
  },
  [sym_block_directive] = {
    .visible = true,
    .named = true,
  },
  [sym_block] = {
    .visible = true,
    .named = true,
  },
  [sym_lua_directive] = {
    .visible = true,
    .named = true,
  },
  [sym_lua_block] = {
    .visible = true,
    .named = true,
  },
  [sym__any_lua_name] = {
    .visible = false,
    .named = true,
  },
  [sym__value] = {
    .visible = false,
    .named = true,
  },
  [sym__quoted] = {
    .visible = false,
    .named = true,
  },
  [aux_sym_source_file_repeat1] = {
    .visible = false,
    .named = false,
  },
  [aux_sym_directive_repeat1] = {
    .visible = false,
    .named = false,
  },
  [aux_sym_lua_block_repeat1] = {
    .visible = false,
    .named = false,
  },
};

enum {
  field_argument = 1,
  field_body = 2,
  field_name = 3,
};

static const char * const ts_field_names[] = {
  [0] = NULL,
  [field_argument] = "argument",
  [field_body] = "body",
  [field_name] = "name",
};

static const TSFieldMapSlice ts_field_map_slices[PRODUCTION_ID_COUNT] = {
  [1] = {.index = 0, .length = 1},
  [2] = {.index = 1, .length = 2},
  [3] = {.index = 3, .length = 1},
  [4] = {.index = 4, .length = 2},
  [5] = {.index = 6, .length = 3},
  [6] = {.index = 9, .length = 2},
};

static const TSFieldMapEntry ts_field_map_entries[] = {
  [0] =
    {field_name, 0},
  [1] =
    {field_body, 1},
    {field_name, 0},
  [3] =
    {field_argument, 0},
  [4] =
    {field_argument, 1, .inherited = true},
    {field_name, 0},
  [6] =
    {field_argument, 1, .inherited = true},
    {field_body, 2},
    {field_name, 0},
  [9] =
    {field_argument, 0, .inherited = true},
    {field_argument, 1, .inherited = true},
};

static const TSSymbol ts_alias_sequences[PRODUCTION_ID_COUNT][MAX_ALIAS_SEQUENCE_LENGTH] = {
  [0] = {0},
};

static const uint16_t ts_non_terminal_alias_map[] = {
  0,
};

static const TSStateId ts_primary_state_ids[STATE_COUNT] = {
  [0] = 0,
  [1] = 1,
  [2] = 2,
  [3] = 3,
  [4] = 4,
  [5] = 5,
  [6] = 6,
  [7] = 7,
  [8] = 8,
  [9] = 9,
  [10] = 10,
  [11] = 11,
  [12] = 12,
  [13] = 13,
  [14] = 14,
  [15] = 15,
  [16] = 16,
  [17] = 17,
  [18] = 18,
  [19] = 19,
  [20] = 20,
  [21] = 21,
  [22] = 22,
  [23] = 23,
  [24] = 24,
  [25] = 25,
  [26] = 26,
  [27] = 27,
  [28] = 28,
};

static bool ts_lex(TSLexer *lexer, TSStateId state) {
  START_LEXER();
  eof = lexer->eof(lexer);
  switch (state) {
    case 0:
      if (eof) ADVANCE(3);
      if (lookahead == '#') ADVANCE(9);
      if (lookahead == '$') ADVANCE(7);
      if (lookahead == ';') ADVANCE(4);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '{') ADVANCE(5);
      if (lookahead == '}') ADVANCE(6);
      if (lookahead == '\t' ||
          lookahead == '\n' ||
          lookahead == '\r' ||
          lookahead == ' ') SKIP(0)
      if (lookahead != 0 &&
          lookahead != '"' &&
          lookahead != '\'') ADVANCE(8);
      END_STATE();
    case 1:
      if (lookahead == '\r') ADVANCE(1);
      if (lookahead != 0 &&
          lookahead != '\n') ADVANCE(9);
      END_STATE();
    case 2:
      if (lookahead != 0) ADVANCE(8);
      END_STATE();
    case 3:
      ACCEPT_TOKEN(ts_builtin_sym_end);
      END_STATE();
    case 4:
      ACCEPT_TOKEN(anon_sym_SEMI);
      END_STATE();
    case 5:
      ACCEPT_TOKEN(anon_sym_LBRACE);
      END_STATE();
    case 6:
      ACCEPT_TOKEN(anon_sym_RBRACE);
      END_STATE();
    case 7:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(7);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '{') ADVANCE(7);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';') ADVANCE(8);
      END_STATE();
    case 8:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(7);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(8);
      END_STATE();
    case 9:
      ACCEPT_TOKEN(sym_comment);
      if (lookahead == '\r') ADVANCE(1);
      if (lookahead != 0 &&
          lookahead != '\n') ADVANCE(9);
      END_STATE();
    default:
      return false;
  }
}

static const TSLexMode ts_lex_modes[STATE_COUNT] = {
  [0] = {.lex_state = 0, .external_lex_state = 1},
  [1] = {.lex_state = 0, .external_lex_state = 2},
  [2] = {.lex_state = 0, .external_lex_state = 2},
  [3] = {.lex_state = 0, .external_lex_state = 2},
  [4] = {.lex_state = 0, .external_lex_state = 2},
  [5] = {.lex_state = 0, .external_lex_state = 2},
  [6] = {.lex_state = 0, .external_lex_state = 3},
  [7] = {.lex_state = 0, .external_lex_state = 3},
  [8] = {.lex_state = 0, .external_lex_state = 3},
  [9] = {.lex_state = 0, .external_lex_state = 3},
  [10] = {.lex_state = 0, .external_lex_state = 2},
  [11] = {.lex_state = 0, .external_lex_state = 2},
  [12] = {.lex_state = 0, .external_lex_state = 2},
  [13] = {.lex_state = 0, .external_lex_state = 2},
  [14] = {.lex_state = 0, .external_lex_state = 2},
  [15] = {.lex_state = 0, .external_lex_state = 2},
  [16] = {.lex_state = 0, .external_lex_state = 3},
  [17] = {.lex_state = 0, .external_lex_state = 2},
  [18] = {.lex_state = 0, .external_lex_state = 2},
  [19] = {.lex_state = 0, .external_lex_state = 2},
  [20] = {.lex_state = 0, .external_lex_state = 2},
  [21] = {.lex_state = 0, .external_lex_state = 2},
  [22] = {.lex_state = 0, .external_lex_state = 4},
  [23] = {.lex_state = 0, .external_lex_state = 3},
  [24] = {.lex_state = 0, .external_lex_state = 3},
  [25] = {.lex_state = 0, .external_lex_state = 5},
  [26] = {.lex_state = 0, .external_lex_state = 5},
  [27] = {.lex_state = 0, .external_lex_state = 5},
  [28] = {.lex_state = 0},
};

enum {
  ts_external_token_double_quoted = 0,
  ts_external_token_single_quoted = 1,
  ts_external_token_unterminated_string = 2,
  ts_external_token_unexpected = 3,
  ts_external_token__lua_name = 4,
  ts_external_token__lua_name_double = 5,
  ts_external_token__lua_name_single = 6,
  ts_external_token_lua_code = 7,
  ts_external_token__recovering = 8,
};

static const TSSymbol ts_external_scanner_symbol_map[EXTERNAL_TOKEN_COUNT] = {
  [ts_external_token_double_quoted] = sym_double_quoted,
  [ts_external_token_single_quoted] = sym_single_quoted,
  [ts_external_token_unterminated_string] = sym_unterminated_string,
  [ts_external_token_unexpected] = sym_unexpected,
  [ts_external_token__lua_name] = sym__lua_name,
  [ts_external_token__lua_name_double] = sym__lua_name_double,
  [ts_external_token__lua_name_single] = sym__lua_name_single,
  [ts_external_token_lua_code] = sym_lua_code,
  [ts_external_token__recovering] = sym__recovering,
};

static const bool ts_external_scanner_states[6][EXTERNAL_TOKEN_COUNT] = {
  [1] = {
    [ts_external_token_double_quoted] = true,
    [ts_external_token_single_quoted] = true,
    [ts_external_token_unterminated_string] = true,
    [ts_external_token_unexpected] = true,
    [ts_external_token__lua_name] = true,
    [ts_external_token__lua_name_double] = true,
    [ts_external_token__lua_name_single] = true,
    [ts_external_token_lua_code] = true,
    [ts_external_token__recovering] = true,
  },
  [2] = {
    [ts_external_token_double_quoted] = true,
    [ts_external_token_single_quoted] = true,
    [ts_external_token_unterminated_string] = true,
    [ts_external_token__lua_name] = true,
    [ts_external_token__lua_name_double] = true,
    [ts_external_token__lua_name_single] = true,
  },
  [3] = {
    [ts_external_token_double_quoted] = true,
    [ts_external_token_single_quoted] = true,
    [ts_external_token_unterminated_string] = true,
  },
  [4] = {
    [ts_external_token_double_quoted] = true,
    [ts_external_token_single_quoted] = true,
    [ts_external_token_unterminated_string] = true,
    [ts_external_token_unexpected] = true,
  },
  [5] = {
    [ts_external_token_lua_code] = true,
  },
};

static const uint16_t ts_parse_table[LARGE_STATE_COUNT][SYMBOL_COUNT] = {
  [0] = {
    [ts_builtin_sym_end] = ACTIONS(1),
    [anon_sym_SEMI] = ACTIONS(1),
    [anon_sym_LBRACE] = ACTIONS(1),
    [anon_sym_RBRACE] = ACTIONS(1),
    [sym_word] = ACTIONS(1),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(1),
    [sym_single_quoted] = ACTIONS(1),
    [sym_unterminated_string] = ACTIONS(1),
    [sym_unexpected] = ACTIONS(1),
    [sym__lua_name] = ACTIONS(1),
    [sym__lua_name_double] = ACTIONS(1),
    [sym__lua_name_single] = ACTIONS(1),
    [sym_lua_code] = ACTIONS(1),
    [sym__recovering] = ACTIONS(1),
  },
  [1] = {
    [sym_source_file] = STATE(28),
    [sym__item] = STATE(3),
    [sym_directive] = STATE(3),
    [sym_block_directive] = STATE(3),
    [sym_lua_directive] = STATE(3),
    [sym__any_lua_name] = STATE(6),
    [sym__value] = STATE(7),
    [sym__quoted] = STATE(7),
    [aux_sym_source_file_repeat1] = STATE(3),
    [ts_builtin_sym_end] = ACTIONS(5),
    [sym_word] = ACTIONS(7),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(9),
    [sym_single_quoted] = ACTIONS(9),
    [sym_unterminated_string] = ACTIONS(7),
    [sym__lua_name] = ACTIONS(11),
    [sym__lua_name_double] = ACTIONS(11),
    [sym__lua_name_single] = ACTIONS(11),
  },
  [2] = {
    [sym__item] = STATE(2),
    [sym_directive] = STATE(2),
    [sym_block_directive] = STATE(2),
    [sym_lua_directive] = STATE(2),
    [sym__any_lua_name] = STATE(6),
    [sym__value] = STATE(7),
    [sym__quoted] = STATE(7),
    [aux_sym_source_file_repeat1] = STATE(2),
    [ts_builtin_sym_end] = ACTIONS(13),
    [anon_sym_RBRACE] = ACTIONS(13),
    [sym_word] = ACTIONS(15),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(18),
    [sym_single_quoted] = ACTIONS(18),
    [sym_unterminated_string] = ACTIONS(15),
    [sym__lua_name] = ACTIONS(21),
    [sym__lua_name_double] = ACTIONS(21),
    [sym__lua_name_single] = ACTIONS(21),
  },
  [3] = {
    [sym__item] = STATE(2),
    [sym_directive] = STATE(2),
    [sym_block_directive] = STATE(2),
    [sym_lua_directive] = STATE(2),
    [sym__any_lua_name] = STATE(6),
    [sym__value] = STATE(7),
    [sym__quoted] = STATE(7),
    [aux_sym_source_file_repeat1] = STATE(2),
    [ts_builtin_sym_end] = ACTIONS(24),
    [sym_word] = ACTIONS(7),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(9),
    [sym_single_quoted] = ACTIONS(9),
    [sym_unterminated_string] = ACTIONS(7),
    [sym__lua_name] = ACTIONS(11),
    [sym__lua_name_double] = ACTIONS(11),
    [sym__lua_name_single] = ACTIONS(11),
  },
  [4] = {
    [sym__item] = STATE(5),
    [sym_directive] = STATE(5),
    [sym_block_directive] = STATE(5),
    [sym_lua_directive] = STATE(5),
    [sym__any_lua_name] = STATE(6),
    [sym__value] = STATE(7),
    [sym__quoted] = STATE(7),
    [aux_sym_source_file_repeat1] = STATE(5),
    [anon_sym_RBRACE] = ACTIONS(26),
    [sym_word] = ACTIONS(7),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(9),
    [sym_single_quoted] = ACTIONS(9),
    [sym_unterminated_string] = ACTIONS(7),
    [sym__lua_name] = ACTIONS(11),
    [sym__lua_name_double] = ACTIONS(11),
    [sym__lua_name_single] = ACTIONS(11),
  },
  [5] = {
    [sym__item] = STATE(2),
    [sym_directive] = STATE(2),
    [sym_block_directive] = STATE(2),
    [sym_lua_directive] = STATE(2),
    [sym__any_lua_name] = STATE(6),
    [sym__value] = STATE(7),
    [sym__quoted] = STATE(7),
    [aux_sym_source_file_repeat1] = STATE(2),
    [anon_sym_RBRACE] = ACTIONS(28),
    [sym_word] = ACTIONS(7),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(9),
    [sym_single_quoted] = ACTIONS(9),
    [sym_unterminated_string] = ACTIONS(7),
    [sym__lua_name] = ACTIONS(11),
    [sym__lua_name_double] = ACTIONS(11),
    [sym__lua_name_single] = ACTIONS(11),
  },
};

static const uint16_t ts_small_parse_table[] = {
  [0] = 8,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(30), 1,
      anon_sym_SEMI,
    ACTIONS(32), 1,
      anon_sym_LBRACE,
    STATE(8), 1,
      aux_sym_directive_repeat1,
    STATE(11), 1,
      sym_lua_block,
    ACTIONS(9), 2,
      sym_double_quoted,
      sym_single_quoted,
    ACTIONS(34), 2,
      sym_unterminated_string,
      sym_word,
    STATE(24), 2,
      sym__value,
      sym__quoted,
  [28] = 8,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(30), 1,
      anon_sym_SEMI,
    ACTIONS(36), 1,
      anon_sym_LBRACE,
    STATE(9), 1,
      aux_sym_directive_repeat1,
    STATE(12), 1,
      sym_block,
    ACTIONS(9), 2,
      sym_double_quoted,
      sym_single_quoted,
    ACTIONS(34), 2,
      sym_unterminated_string,
      sym_word,
    STATE(24), 2,
      sym__value,
      sym__quoted,
  [56] = 8,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(32), 1,
      anon_sym_LBRACE,
    ACTIONS(38), 1,
      anon_sym_SEMI,
    STATE(15), 1,
      sym_lua_block,
    STATE(16), 1,
      aux_sym_directive_repeat1,
    ACTIONS(9), 2,
      sym_double_quoted,
      sym_single_quoted,
    ACTIONS(34), 2,
      sym_unterminated_string,
      sym_word,
    STATE(24), 2,
      sym__value,
      sym__quoted,
  [84] = 8,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(36), 1,
      anon_sym_LBRACE,
    ACTIONS(40), 1,
      anon_sym_SEMI,
    STATE(16), 1,
      aux_sym_directive_repeat1,
    STATE(19), 1,
      sym_block,
    ACTIONS(9), 2,
      sym_double_quoted,
      sym_single_quoted,
    ACTIONS(34), 2,
      sym_unterminated_string,
      sym_word,
    STATE(24), 2,
      sym__value,
      sym__quoted,
  [112] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(42), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [127] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(44), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [142] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(46), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [157] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(48), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [172] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(50), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [187] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(52), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [202] = 6,
    ACTIONS(3), 1,
      sym_comment,
    STATE(16), 1,
      aux_sym_directive_repeat1,
    ACTIONS(54), 2,
      anon_sym_SEMI,
      anon_sym_LBRACE,
    ACTIONS(56), 2,
      sym_unterminated_string,
      sym_word,
    ACTIONS(59), 2,
      sym_double_quoted,
      sym_single_quoted,
    STATE(24), 2,
      sym__value,
      sym__quoted,
  [225] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(62), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [240] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(50), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [255] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(64), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [270] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(66), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [285] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(68), 9,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name,
      sym__lua_name_double,
      sym__lua_name_single,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym_word,
  [300] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(72), 1,
      sym_unexpected,
    ACTIONS(70), 6,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      anon_sym_SEMI,
      anon_sym_LBRACE,
      sym_word,
  [315] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(74), 6,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      anon_sym_SEMI,
      anon_sym_LBRACE,
      sym_word,
  [327] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(76), 6,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      anon_sym_SEMI,
      anon_sym_LBRACE,
      sym_word,
  [339] = 4,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(78), 1,
      anon_sym_RBRACE,
    ACTIONS(80), 1,
      sym_lua_code,
    STATE(26), 1,
      aux_sym_lua_block_repeat1,
  [352] = 4,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(82), 1,
      anon_sym_RBRACE,
    ACTIONS(84), 1,
      sym_lua_code,
    STATE(27), 1,
      aux_sym_lua_block_repeat1,
  [365] = 4,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(86), 1,
      anon_sym_RBRACE,
    ACTIONS(88), 1,
      sym_lua_code,
    STATE(27), 1,
      aux_sym_lua_block_repeat1,
  [378] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(91), 1,
      ts_builtin_sym_end,
};

static const uint32_t ts_small_parse_table_map[] = {
  [SMALL_STATE(6)] = 0,
  [SMALL_STATE(7)] = 28,
  [SMALL_STATE(8)] = 56,
  [SMALL_STATE(9)] = 84,
  [SMALL_STATE(10)] = 112,
  [SMALL_STATE(11)] = 127,
  [SMALL_STATE(12)] = 142,
  [SMALL_STATE(13)] = 157,
  [SMALL_STATE(14)] = 172,
  [SMALL_STATE(15)] = 187,
  [SMALL_STATE(16)] = 202,
  [SMALL_STATE(17)] = 225,
  [SMALL_STATE(18)] = 240,
  [SMALL_STATE(19)] = 255,
  [SMALL_STATE(20)] = 270,
  [SMALL_STATE(21)] = 285,
  [SMALL_STATE(22)] = 300,
  [SMALL_STATE(23)] = 315,
  [SMALL_STATE(24)] = 327,
  [SMALL_STATE(25)] = 339,
  [SMALL_STATE(26)] = 352,
  [SMALL_STATE(27)] = 365,
  [SMALL_STATE(28)] = 378,
};

static const TSParseActionEntry ts_parse_actions[] = {
  [0] = {.entry = {.count = 0, .reusable = false}},
  [1] = {.entry = {.count = 1, .reusable = false}}, RECOVER(),
  [3] = {.entry = {.count = 1, .reusable = true}}, SHIFT_EXTRA(),
  [5] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_source_file, 0),
  [7] = {.entry = {.count = 1, .reusable = true}}, SHIFT(7),
  [9] = {.entry = {.count = 1, .reusable = true}}, SHIFT(22),
  [11] = {.entry = {.count = 1, .reusable = true}}, SHIFT(6),
  [13] = {.entry = {.count = 1, .reusable = true}}, REDUCE(aux_sym_source_file_repeat1, 2),
  [15] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_source_file_repeat1, 2), SHIFT_REPEAT(7),
  [18] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_source_file_repeat1, 2), SHIFT_REPEAT(22),
  [21] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_source_file_repeat1, 2), SHIFT_REPEAT(6),
  [24] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_source_file, 1),
  [26] = {.entry = {.count = 1, .reusable = true}}, SHIFT(17),
  [28] = {.entry = {.count = 1, .reusable = true}}, SHIFT(21),
  [30] = {.entry = {.count = 1, .reusable = true}}, SHIFT(10),
  [32] = {.entry = {.count = 1, .reusable = true}}, SHIFT(25),
  [34] = {.entry = {.count = 1, .reusable = true}}, SHIFT(24),
  [36] = {.entry = {.count = 1, .reusable = true}}, SHIFT(4),
  [38] = {.entry = {.count = 1, .reusable = true}}, SHIFT(14),
  [40] = {.entry = {.count = 1, .reusable = true}}, SHIFT(18),
  [42] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_directive, 2, .production_id = 1),
  [44] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_lua_directive, 2, .production_id = 2),
  [46] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_block_directive, 2, .production_id = 2),
  [48] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_lua_block, 2),
  [50] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_directive, 3, .production_id = 4),
  [52] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_lua_directive, 3, .production_id = 5),
  [54] = {.entry = {.count = 1, .reusable = true}}, REDUCE(aux_sym_directive_repeat1, 2, .production_id = 6),
  [56] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_directive_repeat1, 2, .production_id = 6), SHIFT_REPEAT(24),
  [59] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_directive_repeat1, 2, .production_id = 6), SHIFT_REPEAT(22),
  [62] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_block, 2),
  [64] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_block_directive, 3, .production_id = 5),
  [66] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_lua_block, 3),
  [68] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_block, 3),
  [70] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym__quoted, 1),
  [72] = {.entry = {.count = 1, .reusable = true}}, SHIFT(23),
  [74] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym__quoted, 2),
  [76] = {.entry = {.count = 1, .reusable = true}}, REDUCE(aux_sym_directive_repeat1, 1, .production_id = 3),
  [78] = {.entry = {.count = 1, .reusable = true}}, SHIFT(13),
  [80] = {.entry = {.count = 1, .reusable = true}}, SHIFT(26),
  [82] = {.entry = {.count = 1, .reusable = true}}, SHIFT(20),
  [84] = {.entry = {.count = 1, .reusable = true}}, SHIFT(27),
  [86] = {.entry = {.count = 1, .reusable = true}}, REDUCE(aux_sym_lua_block_repeat1, 2),
  [88] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_lua_block_repeat1, 2), SHIFT_REPEAT(27),
  [91] = {.entry = {.count = 1, .reusable = true}},  ACCEPT_INPUT(),
};

#ifdef __cplusplus
extern "C" {
#endif
void *tree_sitter_nginx_external_scanner_create(void);
void tree_sitter_nginx_external_scanner_destroy(void *);
bool tree_sitter_nginx_external_scanner_scan(void *, TSLexer *, const bool *);
unsigned tree_sitter_nginx_external_scanner_serialize(void *, char *);
void tree_sitter_nginx_external_scanner_deserialize(void *, const char *, unsigned);

#ifdef _WIN32
#define extern __declspec(dllexport)
#endif

extern const TSLanguage *tree_sitter_nginx(void) {
  static const TSLanguage language = {
    .version = LANGUAGE_VERSION,
    .symbol_count = SYMBOL_COUNT,
    .alias_count = ALIAS_COUNT,
    .token_count = TOKEN_COUNT,
    .external_token_count = EXTERNAL_TOKEN_COUNT,
    .state_count = STATE_COUNT,
    .large_state_count = LARGE_STATE_COUNT,
    .production_id_count = PRODUCTION_ID_COUNT,
    .field_count = FIELD_COUNT,
    .max_alias_sequence_length = MAX_ALIAS_SEQUENCE_LENGTH,
    .parse_table = &ts_parse_table[0][0],
    .small_parse_table = ts_small_parse_table,
    .small_parse_table_map = ts_small_parse_table_map,
    .parse_actions = ts_parse_actions,
    .symbol_names = ts_symbol_names,
    .field_names = ts_field_names,
    .field_map_slices = ts_field_map_slices,
    .field_map_entries = ts_field_map_entries,
    .symbol_metadata = ts_symbol_metadata,
    .public_symbol_map = ts_symbol_map,
    .alias_map = ts_non_terminal_alias_map,
    .alias_sequences = &ts_alias_sequences[0][0],
    .lex_modes = ts_lex_modes,
    .lex_fn = ts_lex,
    .external_scanner = {
      &ts_external_scanner_states[0][0],
      ts_external_scanner_symbol_map,
      tree_sitter_nginx_external_scanner_create,
      tree_sitter_nginx_external_scanner_destroy,
      tree_sitter_nginx_external_scanner_scan,
      tree_sitter_nginx_external_scanner_serialize,
      tree_sitter_nginx_external_scanner_deserialize,
    },
    .primary_state_ids = ts_primary_state_ids,
  };
  return &language;
}
#ifdef __cplusplus
}
#endif
