#include <tree_sitter/parser.h>

#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif

#define LANGUAGE_VERSION 14
#define STATE_COUNT 27
#define LARGE_STATE_COUNT 6
#define SYMBOL_COUNT 26
#define ALIAS_COUNT 0
#define TOKEN_COUNT 15
#define EXTERNAL_TOKEN_COUNT 8
#define FIELD_COUNT 3
#define MAX_ALIAS_SEQUENCE_LENGTH 3
#define PRODUCTION_ID_COUNT 7

enum {
  anon_sym_SEMI = 1,
  anon_sym_LBRACE = 2,
  anon_sym_RBRACE = 3,
  sym_word = 4,
  sym__lua_name = 5,
  sym_comment = 6,
  sym_double_quoted = 7,
  sym_single_quoted = 8,
  sym_unterminated_string = 9,
  sym_unexpected = 10,
  sym__lua_name_dq = 11,
  sym__lua_name_sq = 12,
  sym_lua_code = 13,
  sym__error_sentinel = 14,
  sym_source_file = 15,
  sym__item = 16,
  sym_directive = 17,
  sym_block_directive = 18,
  sym_block = 19,
  sym_lua_directive = 20,
  sym_lua_block = 21,
  sym__value = 22,
  sym__quoted = 23,
  aux_sym_source_file_repeat1 = 24,
  aux_sym_directive_repeat1 = 25,
};

static const char * const ts_symbol_names[] = {
  [ts_builtin_sym_end] = "end",
  [anon_sym_SEMI] = ";",
  [anon_sym_LBRACE] = "{",
  [anon_sym_RBRACE] = "}",
  [sym_word] = "word",
  [sym__lua_name] = "word",
  [sym_comment] = "comment",
  [sym_double_quoted] = "double_quoted",
  [sym_single_quoted] = "single_quoted",
  [sym_unterminated_string] = "unterminated_string",
  [sym_unexpected] = "unexpected",
  [sym__lua_name_dq] = "double_quoted",
  [sym__lua_name_sq] = "single_quoted",
  [sym_lua_code] = "lua_code",
  [sym__error_sentinel] = "_error_sentinel",
  [sym_source_file] = "source_file",
  [sym__item] = "_item",
  [sym_directive] = "directive",
  [sym_block_directive] = "block_directive",
  [sym_block] = "block",
  [sym_lua_directive] = "lua_directive",
  [sym_lua_block] = "lua_block",
  [sym__value] = "_value",
  [sym__quoted] = "_quoted",
  [aux_sym_source_file_repeat1] = "source_file_repeat1",
  [aux_sym_directive_repeat1] = "directive_repeat1",
};

static const TSSymbol ts_symbol_map[] = {
  [ts_builtin_sym_end] = ts_builtin_sym_end,
  [anon_sym_SEMI] = anon_sym_SEMI,
  [anon_sym_LBRACE] = anon_sym_LBRACE,
  [anon_sym_RBRACE] = anon_sym_RBRACE,
  [sym_word] = sym_word,
  [sym__lua_name] = sym_word,
  [sym_comment] = sym_comment,
  [sym_double_quoted] = sym_double_quoted,
  [sym_single_quoted] = sym_single_quoted,
  [sym_unterminated_string] = sym_unterminated_string,
  [sym_unexpected] = sym_unexpected,
  [sym__lua_name_dq] = sym_double_quoted,
  [sym__lua_name_sq] = sym_single_quoted,
  [sym_lua_code] = sym_lua_code,
  [sym__error_sentinel] = sym__error_sentinel,
  [sym_source_file] = sym_source_file,
  [sym__item] = sym__item,
  [sym_directive] = sym_directive,
  [sym_block_directive] = sym_block_directive,
  [sym_block] = sym_block,
  [sym_lua_directive] = sym_lua_directive,
  [sym_lua_block] = sym_lua_block,
  [sym__value] = sym__value,
  [sym__quoted] = sym__quoted,
  [aux_sym_source_file_repeat1] = aux_sym_source_file_repeat1,
  [aux_sym_directive_repeat1] = aux_sym_directive_repeat1,
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
  [sym__lua_name] = {
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
  [sym__lua_name_dq] = {
    .visible = true,
    .named = true,
  },
  [sym__lua_name_sq] = {
    .visible = true,
    .named = true,
  },
  [sym_lua_code] = {
    .visible = true,
    .named = true,
  },
  [sym__error_sentinel] = {
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
  [1] = {.index = 0, .length = 2},
  [2] = {.index = 2, .length = 1},
  [3] = {.index = 3, .length = 1},
  [4] = {.index = 4, .length = 3},
  [5] = {.index = 7, .length = 2},
  [6] = {.index = 9, .length = 2},
};

static const TSFieldMapEntry ts_field_map_entries[] = {
  [0] =
    {field_body, 1},
    {field_name, 0},
  [2] =
    {field_argument, 0},
  [3] =
    {field_name, 0},
  [4] =
    {field_argument, 1, .inherited = true},
    {field_body, 2},
    {field_name, 0},
  [7] =
    {field_argument, 0, .inherited = true},
    {field_argument, 1, .inherited = true},
  [9] =
    {field_argument, 1, .inherited = true},
    {field_name, 0},
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
};

static bool ts_lex(TSLexer *lexer, TSStateId state) {
  START_LEXER();
  eof = lexer->eof(lexer);
  switch (state) {
    case 0:
      if (eof) ADVANCE(3);
      if (lookahead == '#') ADVANCE(23);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == ';') ADVANCE(4);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '{') ADVANCE(5);
      if (lookahead == '}') ADVANCE(6);
      if (lookahead == '\t' ||
          lookahead == '\n' ||
          lookahead == '\r' ||
          lookahead == ' ') SKIP(0)
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '"' &&
          lookahead != '\'') ADVANCE(21);
      END_STATE();
    case 1:
      if (lookahead == '#') ADVANCE(23);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == ';') ADVANCE(4);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '{') ADVANCE(5);
      if (lookahead == '\t' ||
          lookahead == '\n' ||
          lookahead == '\r' ||
          lookahead == ' ') SKIP(1)
      if (lookahead != 0 &&
          lookahead != '"' &&
          lookahead != '\'' &&
          lookahead != '}') ADVANCE(21);
      END_STATE();
    case 2:
      if (lookahead != 0) ADVANCE(21);
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
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (lookahead == 'a') ADVANCE(19);
      if (('b' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 8:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (lookahead == 'b') ADVANCE(16);
      if (lookahead == 'l') ADVANCE(15);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 9:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (lookahead == 'b') ADVANCE(16);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 10:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (lookahead == 'b') ADVANCE(13);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 11:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (lookahead == 'c') ADVANCE(12);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 12:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (lookahead == 'k') ADVANCE(22);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 13:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (lookahead == 'l') ADVANCE(14);
      if (lookahead == 'y') ADVANCE(18);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 14:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (lookahead == 'o') ADVANCE(11);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 15:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (lookahead == 'u') ADVANCE(7);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 16:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (lookahead == 'y') ADVANCE(18);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 17:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(9);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 18:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(8);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 19:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '_') ADVANCE(10);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 20:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead == '{') ADVANCE(20);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';') ADVANCE(21);
      END_STATE();
    case 21:
      ACCEPT_TOKEN(sym_word);
      if (lookahead == '$') ADVANCE(20);
      if (lookahead == '\\') ADVANCE(2);
      if (lookahead != 0 &&
          lookahead != '\t' &&
          lookahead != '\n' &&
          lookahead != '\r' &&
          lookahead != ' ' &&
          lookahead != ';' &&
          lookahead != '{') ADVANCE(21);
      END_STATE();
    case 22:
      ACCEPT_TOKEN(sym__lua_name);
      if (lookahead == '_') ADVANCE(9);
      if (('a' <= lookahead && lookahead <= 'z')) ADVANCE(17);
      END_STATE();
    case 23:
      ACCEPT_TOKEN(sym_comment);
      if (lookahead != 0 &&
          lookahead != '\n') ADVANCE(23);
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
  [6] = {.lex_state = 1, .external_lex_state = 3},
  [7] = {.lex_state = 1, .external_lex_state = 3},
  [8] = {.lex_state = 1, .external_lex_state = 3},
  [9] = {.lex_state = 0, .external_lex_state = 2},
  [10] = {.lex_state = 1, .external_lex_state = 3},
  [11] = {.lex_state = 0, .external_lex_state = 2},
  [12] = {.lex_state = 0, .external_lex_state = 2},
  [13] = {.lex_state = 0, .external_lex_state = 2},
  [14] = {.lex_state = 0, .external_lex_state = 2},
  [15] = {.lex_state = 0, .external_lex_state = 2},
  [16] = {.lex_state = 0, .external_lex_state = 2},
  [17] = {.lex_state = 1, .external_lex_state = 3},
  [18] = {.lex_state = 0, .external_lex_state = 2},
  [19] = {.lex_state = 0, .external_lex_state = 2},
  [20] = {.lex_state = 0, .external_lex_state = 2},
  [21] = {.lex_state = 1, .external_lex_state = 4},
  [22] = {.lex_state = 1, .external_lex_state = 3},
  [23] = {.lex_state = 1, .external_lex_state = 3},
  [24] = {.lex_state = 0, .external_lex_state = 5},
  [25] = {.lex_state = 0},
  [26] = {.lex_state = 0},
};

enum {
  ts_external_token_double_quoted = 0,
  ts_external_token_single_quoted = 1,
  ts_external_token_unterminated_string = 2,
  ts_external_token_unexpected = 3,
  ts_external_token__lua_name_dq = 4,
  ts_external_token__lua_name_sq = 5,
  ts_external_token_lua_code = 6,
  ts_external_token__error_sentinel = 7,
};

static const TSSymbol ts_external_scanner_symbol_map[EXTERNAL_TOKEN_COUNT] = {
  [ts_external_token_double_quoted] = sym_double_quoted,
  [ts_external_token_single_quoted] = sym_single_quoted,
  [ts_external_token_unterminated_string] = sym_unterminated_string,
  [ts_external_token_unexpected] = sym_unexpected,
  [ts_external_token__lua_name_dq] = sym__lua_name_dq,
  [ts_external_token__lua_name_sq] = sym__lua_name_sq,
  [ts_external_token_lua_code] = sym_lua_code,
  [ts_external_token__error_sentinel] = sym__error_sentinel,
};

static const bool ts_external_scanner_states[6][EXTERNAL_TOKEN_COUNT] = {
  [1] = {
    [ts_external_token_double_quoted] = true,
    [ts_external_token_single_quoted] = true,
    [ts_external_token_unterminated_string] = true,
    [ts_external_token_unexpected] = true,
    [ts_external_token__lua_name_dq] = true,
    [ts_external_token__lua_name_sq] = true,
    [ts_external_token_lua_code] = true,
    [ts_external_token__error_sentinel] = true,
  },
  [2] = {
    [ts_external_token_double_quoted] = true,
    [ts_external_token_single_quoted] = true,
    [ts_external_token_unterminated_string] = true,
    [ts_external_token__lua_name_dq] = true,
    [ts_external_token__lua_name_sq] = true,
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
    [sym__lua_name] = ACTIONS(1),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(1),
    [sym_single_quoted] = ACTIONS(1),
    [sym_unterminated_string] = ACTIONS(1),
    [sym_unexpected] = ACTIONS(1),
    [sym__lua_name_dq] = ACTIONS(1),
    [sym__lua_name_sq] = ACTIONS(1),
    [sym_lua_code] = ACTIONS(1),
    [sym__error_sentinel] = ACTIONS(1),
  },
  [1] = {
    [sym_source_file] = STATE(25),
    [sym__item] = STATE(3),
    [sym_directive] = STATE(3),
    [sym_block_directive] = STATE(3),
    [sym_lua_directive] = STATE(3),
    [sym__value] = STATE(6),
    [sym__quoted] = STATE(6),
    [aux_sym_source_file_repeat1] = STATE(3),
    [ts_builtin_sym_end] = ACTIONS(5),
    [sym_word] = ACTIONS(7),
    [sym__lua_name] = ACTIONS(9),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(11),
    [sym_single_quoted] = ACTIONS(11),
    [sym_unterminated_string] = ACTIONS(13),
    [sym__lua_name_dq] = ACTIONS(9),
    [sym__lua_name_sq] = ACTIONS(9),
  },
  [2] = {
    [sym__item] = STATE(2),
    [sym_directive] = STATE(2),
    [sym_block_directive] = STATE(2),
    [sym_lua_directive] = STATE(2),
    [sym__value] = STATE(6),
    [sym__quoted] = STATE(6),
    [aux_sym_source_file_repeat1] = STATE(2),
    [ts_builtin_sym_end] = ACTIONS(15),
    [anon_sym_RBRACE] = ACTIONS(15),
    [sym_word] = ACTIONS(17),
    [sym__lua_name] = ACTIONS(20),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(23),
    [sym_single_quoted] = ACTIONS(23),
    [sym_unterminated_string] = ACTIONS(26),
    [sym__lua_name_dq] = ACTIONS(20),
    [sym__lua_name_sq] = ACTIONS(20),
  },
  [3] = {
    [sym__item] = STATE(2),
    [sym_directive] = STATE(2),
    [sym_block_directive] = STATE(2),
    [sym_lua_directive] = STATE(2),
    [sym__value] = STATE(6),
    [sym__quoted] = STATE(6),
    [aux_sym_source_file_repeat1] = STATE(2),
    [ts_builtin_sym_end] = ACTIONS(29),
    [sym_word] = ACTIONS(7),
    [sym__lua_name] = ACTIONS(9),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(11),
    [sym_single_quoted] = ACTIONS(11),
    [sym_unterminated_string] = ACTIONS(13),
    [sym__lua_name_dq] = ACTIONS(9),
    [sym__lua_name_sq] = ACTIONS(9),
  },
  [4] = {
    [sym__item] = STATE(5),
    [sym_directive] = STATE(5),
    [sym_block_directive] = STATE(5),
    [sym_lua_directive] = STATE(5),
    [sym__value] = STATE(6),
    [sym__quoted] = STATE(6),
    [aux_sym_source_file_repeat1] = STATE(5),
    [anon_sym_RBRACE] = ACTIONS(31),
    [sym_word] = ACTIONS(7),
    [sym__lua_name] = ACTIONS(9),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(11),
    [sym_single_quoted] = ACTIONS(11),
    [sym_unterminated_string] = ACTIONS(13),
    [sym__lua_name_dq] = ACTIONS(9),
    [sym__lua_name_sq] = ACTIONS(9),
  },
  [5] = {
    [sym__item] = STATE(2),
    [sym_directive] = STATE(2),
    [sym_block_directive] = STATE(2),
    [sym_lua_directive] = STATE(2),
    [sym__value] = STATE(6),
    [sym__quoted] = STATE(6),
    [aux_sym_source_file_repeat1] = STATE(2),
    [anon_sym_RBRACE] = ACTIONS(33),
    [sym_word] = ACTIONS(7),
    [sym__lua_name] = ACTIONS(9),
    [sym_comment] = ACTIONS(3),
    [sym_double_quoted] = ACTIONS(11),
    [sym_single_quoted] = ACTIONS(11),
    [sym_unterminated_string] = ACTIONS(13),
    [sym__lua_name_dq] = ACTIONS(9),
    [sym__lua_name_sq] = ACTIONS(9),
  },
};

static const uint16_t ts_small_parse_table[] = {
  [0] = 8,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(35), 1,
      anon_sym_SEMI,
    ACTIONS(37), 1,
      anon_sym_LBRACE,
    STATE(7), 1,
      aux_sym_directive_repeat1,
    STATE(12), 1,
      sym_block,
    ACTIONS(11), 2,
      sym_double_quoted,
      sym_single_quoted,
    ACTIONS(39), 2,
      sym_unterminated_string,
      sym_word,
    STATE(23), 2,
      sym__value,
      sym__quoted,
  [28] = 8,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(37), 1,
      anon_sym_LBRACE,
    ACTIONS(41), 1,
      anon_sym_SEMI,
    STATE(15), 1,
      sym_block,
    STATE(17), 1,
      aux_sym_directive_repeat1,
    ACTIONS(11), 2,
      sym_double_quoted,
      sym_single_quoted,
    ACTIONS(39), 2,
      sym_unterminated_string,
      sym_word,
    STATE(23), 2,
      sym__value,
      sym__quoted,
  [56] = 7,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(43), 1,
      anon_sym_LBRACE,
    STATE(14), 1,
      sym_lua_block,
    STATE(17), 1,
      aux_sym_directive_repeat1,
    ACTIONS(11), 2,
      sym_double_quoted,
      sym_single_quoted,
    ACTIONS(39), 2,
      sym_unterminated_string,
      sym_word,
    STATE(23), 2,
      sym__value,
      sym__quoted,
  [81] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(47), 1,
      sym_word,
    ACTIONS(45), 8,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name_dq,
      sym__lua_name_sq,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym__lua_name,
  [98] = 7,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(43), 1,
      anon_sym_LBRACE,
    STATE(8), 1,
      aux_sym_directive_repeat1,
    STATE(9), 1,
      sym_lua_block,
    ACTIONS(11), 2,
      sym_double_quoted,
      sym_single_quoted,
    ACTIONS(39), 2,
      sym_unterminated_string,
      sym_word,
    STATE(23), 2,
      sym__value,
      sym__quoted,
  [123] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(51), 1,
      sym_word,
    ACTIONS(49), 8,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name_dq,
      sym__lua_name_sq,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym__lua_name,
  [140] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(55), 1,
      sym_word,
    ACTIONS(53), 8,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name_dq,
      sym__lua_name_sq,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym__lua_name,
  [157] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(59), 1,
      sym_word,
    ACTIONS(57), 8,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name_dq,
      sym__lua_name_sq,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym__lua_name,
  [174] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(63), 1,
      sym_word,
    ACTIONS(61), 8,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name_dq,
      sym__lua_name_sq,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym__lua_name,
  [191] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(67), 1,
      sym_word,
    ACTIONS(65), 8,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name_dq,
      sym__lua_name_sq,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym__lua_name,
  [208] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(71), 1,
      sym_word,
    ACTIONS(69), 8,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name_dq,
      sym__lua_name_sq,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym__lua_name,
  [225] = 6,
    ACTIONS(3), 1,
      sym_comment,
    STATE(17), 1,
      aux_sym_directive_repeat1,
    ACTIONS(73), 2,
      anon_sym_SEMI,
      anon_sym_LBRACE,
    ACTIONS(75), 2,
      sym_unterminated_string,
      sym_word,
    ACTIONS(78), 2,
      sym_double_quoted,
      sym_single_quoted,
    STATE(23), 2,
      sym__value,
      sym__quoted,
  [248] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(83), 1,
      sym_word,
    ACTIONS(81), 8,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name_dq,
      sym__lua_name_sq,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym__lua_name,
  [265] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(87), 1,
      sym_word,
    ACTIONS(85), 8,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name_dq,
      sym__lua_name_sq,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym__lua_name,
  [282] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(91), 1,
      sym_word,
    ACTIONS(89), 8,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      sym__lua_name_dq,
      sym__lua_name_sq,
      ts_builtin_sym_end,
      anon_sym_RBRACE,
      sym__lua_name,
  [299] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(95), 1,
      sym_unexpected,
    ACTIONS(93), 6,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      anon_sym_SEMI,
      anon_sym_LBRACE,
      sym_word,
  [314] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(97), 6,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      anon_sym_SEMI,
      anon_sym_LBRACE,
      sym_word,
  [326] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(99), 6,
      sym_double_quoted,
      sym_single_quoted,
      sym_unterminated_string,
      anon_sym_SEMI,
      anon_sym_LBRACE,
      sym_word,
  [338] = 3,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(101), 1,
      anon_sym_RBRACE,
    ACTIONS(103), 1,
      sym_lua_code,
  [348] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(105), 1,
      ts_builtin_sym_end,
  [355] = 2,
    ACTIONS(3), 1,
      sym_comment,
    ACTIONS(107), 1,
      anon_sym_RBRACE,
};

static const uint32_t ts_small_parse_table_map[] = {
  [SMALL_STATE(6)] = 0,
  [SMALL_STATE(7)] = 28,
  [SMALL_STATE(8)] = 56,
  [SMALL_STATE(9)] = 81,
  [SMALL_STATE(10)] = 98,
  [SMALL_STATE(11)] = 123,
  [SMALL_STATE(12)] = 140,
  [SMALL_STATE(13)] = 157,
  [SMALL_STATE(14)] = 174,
  [SMALL_STATE(15)] = 191,
  [SMALL_STATE(16)] = 208,
  [SMALL_STATE(17)] = 225,
  [SMALL_STATE(18)] = 248,
  [SMALL_STATE(19)] = 265,
  [SMALL_STATE(20)] = 282,
  [SMALL_STATE(21)] = 299,
  [SMALL_STATE(22)] = 314,
  [SMALL_STATE(23)] = 326,
  [SMALL_STATE(24)] = 338,
  [SMALL_STATE(25)] = 348,
  [SMALL_STATE(26)] = 355,
};

static const TSParseActionEntry ts_parse_actions[] = {
  [0] = {.entry = {.count = 0, .reusable = false}},
  [1] = {.entry = {.count = 1, .reusable = false}}, RECOVER(),
  [3] = {.entry = {.count = 1, .reusable = true}}, SHIFT_EXTRA(),
  [5] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_source_file, 0),
  [7] = {.entry = {.count = 1, .reusable = false}}, SHIFT(6),
  [9] = {.entry = {.count = 1, .reusable = true}}, SHIFT(10),
  [11] = {.entry = {.count = 1, .reusable = true}}, SHIFT(21),
  [13] = {.entry = {.count = 1, .reusable = true}}, SHIFT(6),
  [15] = {.entry = {.count = 1, .reusable = true}}, REDUCE(aux_sym_source_file_repeat1, 2),
  [17] = {.entry = {.count = 2, .reusable = false}}, REDUCE(aux_sym_source_file_repeat1, 2), SHIFT_REPEAT(6),
  [20] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_source_file_repeat1, 2), SHIFT_REPEAT(10),
  [23] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_source_file_repeat1, 2), SHIFT_REPEAT(21),
  [26] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_source_file_repeat1, 2), SHIFT_REPEAT(6),
  [29] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_source_file, 1),
  [31] = {.entry = {.count = 1, .reusable = true}}, SHIFT(16),
  [33] = {.entry = {.count = 1, .reusable = true}}, SHIFT(20),
  [35] = {.entry = {.count = 1, .reusable = true}}, SHIFT(11),
  [37] = {.entry = {.count = 1, .reusable = true}}, SHIFT(4),
  [39] = {.entry = {.count = 1, .reusable = true}}, SHIFT(23),
  [41] = {.entry = {.count = 1, .reusable = true}}, SHIFT(18),
  [43] = {.entry = {.count = 1, .reusable = true}}, SHIFT(24),
  [45] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_lua_directive, 2, .production_id = 1),
  [47] = {.entry = {.count = 1, .reusable = false}}, REDUCE(sym_lua_directive, 2, .production_id = 1),
  [49] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_directive, 2, .production_id = 3),
  [51] = {.entry = {.count = 1, .reusable = false}}, REDUCE(sym_directive, 2, .production_id = 3),
  [53] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_block_directive, 2, .production_id = 1),
  [55] = {.entry = {.count = 1, .reusable = false}}, REDUCE(sym_block_directive, 2, .production_id = 1),
  [57] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_lua_block, 2),
  [59] = {.entry = {.count = 1, .reusable = false}}, REDUCE(sym_lua_block, 2),
  [61] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_lua_directive, 3, .production_id = 4),
  [63] = {.entry = {.count = 1, .reusable = false}}, REDUCE(sym_lua_directive, 3, .production_id = 4),
  [65] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_block_directive, 3, .production_id = 4),
  [67] = {.entry = {.count = 1, .reusable = false}}, REDUCE(sym_block_directive, 3, .production_id = 4),
  [69] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_block, 2),
  [71] = {.entry = {.count = 1, .reusable = false}}, REDUCE(sym_block, 2),
  [73] = {.entry = {.count = 1, .reusable = true}}, REDUCE(aux_sym_directive_repeat1, 2, .production_id = 5),
  [75] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_directive_repeat1, 2, .production_id = 5), SHIFT_REPEAT(23),
  [78] = {.entry = {.count = 2, .reusable = true}}, REDUCE(aux_sym_directive_repeat1, 2, .production_id = 5), SHIFT_REPEAT(21),
  [81] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_directive, 3, .production_id = 6),
  [83] = {.entry = {.count = 1, .reusable = false}}, REDUCE(sym_directive, 3, .production_id = 6),
  [85] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_lua_block, 3),
  [87] = {.entry = {.count = 1, .reusable = false}}, REDUCE(sym_lua_block, 3),
  [89] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym_block, 3),
  [91] = {.entry = {.count = 1, .reusable = false}}, REDUCE(sym_block, 3),
  [93] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym__quoted, 1),
  [95] = {.entry = {.count = 1, .reusable = true}}, SHIFT(22),
  [97] = {.entry = {.count = 1, .reusable = true}}, REDUCE(sym__quoted, 2),
  [99] = {.entry = {.count = 1, .reusable = true}}, REDUCE(aux_sym_directive_repeat1, 1, .production_id = 2),
  [101] = {.entry = {.count = 1, .reusable = true}}, SHIFT(13),
  [103] = {.entry = {.count = 1, .reusable = true}}, SHIFT(26),
  [105] = {.entry = {.count = 1, .reusable = true}},  ACCEPT_INPUT(),
  [107] = {.entry = {.count = 1, .reusable = true}}, SHIFT(19),
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
