// What the generated lexer of the nginx grammar cannot do: quoted strings, with a guess at where one ends that was left
// open while typing, and the names and raw code of the *_by_lua_block directives.
#include "tree_sitter/parser.h"
#include <stdbool.h>

// In the order of `externals` in grammar.js.
enum {
  DOUBLE_QUOTED,
  SINGLE_QUOTED,
  UNTERMINATED_STRING,
  UNEXPECTED,
  LUA_NAME,
  LUA_NAME_DOUBLE,
  LUA_NAME_SINGLE,
  LUA_CODE,
  RECOVERING,
};

// nginx's buffer: it refuses a longer token, so no closing quote is worth looking for beyond it.
enum { MAX_TOKEN = 4096 };

static const char LUA_SUFFIX[] = "_by_lua_block";
enum { LUA_SUFFIX_LENGTH = sizeof LUA_SUFFIX - 1 };

// The scanner's only state: how many braces are open in the Lua so far. It is 0 outside of Lua.
typedef unsigned LuaDepth;

// tree-sitter keeps the state in the tree and hands it back before each scan, so parsers can share the one place to hold
// it in: WebAssembly has no threads. That saves an allocator.
static LuaDepth lua_depth;

void *tree_sitter_nginx_external_scanner_create(void) { return &lua_depth; }

void tree_sitter_nginx_external_scanner_destroy(void *payload) { (void)payload; }

unsigned tree_sitter_nginx_external_scanner_serialize(void *payload, char *buffer) {
  LuaDepth depth = *(LuaDepth *)payload;
  unsigned length = 0;
  for (; depth > 0; depth >>= 8) buffer[length++] = (char)(depth & 0xff);
  return length;
}

void tree_sitter_nginx_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  LuaDepth depth = 0;
  while (length > 0) depth = depth << 8 | (unsigned char)buffer[--length];
  *(LuaDepth *)payload = depth;
}

static inline void advance(TSLexer *lexer) { lexer->advance(lexer, false); }

static inline bool is_blank(int32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static inline bool ends_word(TSLexer *lexer) {
  int32_t c = lexer->lookahead;
  return is_blank(c) || c == ';' || c == '{' || lexer->eof(lexer);
}

// nginx lets a ')' follow a closing quote, for `if ($a = "x y")`.
static inline bool may_follow_quote(TSLexer *lexer) { return lexer->lookahead == ')' || ends_word(lexer); }

// Tells, letter by letter, whether what was seen is the name of a *_by_lua_block directive.
typedef struct {
  bool plausible;   // only letters that such names have
  unsigned length;
  unsigned matched; // how much of the suffix the text ends with
} LuaName;

static inline void lua_name_feed(LuaName *name, int32_t c) {
  bool letter = c >= 'a' && c <= 'z';
  if (!letter && (c != '_' || name->length == 0)) name->plausible = false;
  name->length++;
  // The suffix starts with '_' and a mismatch can only restart at a '_'.
  if (name->matched < LUA_SUFFIX_LENGTH && c == LUA_SUFFIX[name->matched]) name->matched++;
  else name->matched = c == '_' ? 1 : 0;
}

static inline bool lua_name_complete(const LuaName *name) {
  return name->plausible && name->matched == LUA_SUFFIX_LENGTH && name->length > LUA_SUFFIX_LENGTH;
}

// A string whose closing quote cannot be the right one ends on its first line, before a closing ';'. The right one is
// within MAX_TOKEN characters, and followed by what nginx allows there; on the first line `"a"b` is left to `unexpected`.
static bool scan_string(TSLexer *lexer, const bool *valid) {
  int32_t quote = lexer->lookahead;
  bool first_line = true, after_semicolon = false;
  LuaName name = {true, 0, 0};
  unsigned count = 0;
  advance(lexer);
  while (!lexer->eof(lexer) && count++ < MAX_TOKEN) {
    int32_t c = lexer->lookahead;
    if (c == quote) {
      advance(lexer);
      bool sound = may_follow_quote(lexer);
      if (!first_line && !sound) break;
      lexer->mark_end(lexer);
      bool lua = sound && lua_name_complete(&name) && !valid[RECOVERING] &&
                 valid[quote == '"' ? LUA_NAME_DOUBLE : LUA_NAME_SINGLE];
      if (lua) lexer->result_symbol = quote == '"' ? LUA_NAME_DOUBLE : LUA_NAME_SINGLE;
      else lexer->result_symbol = quote == '"' ? DOUBLE_QUOTED : SINGLE_QUOTED;
      return true;
    }
    if (first_line) {
      if (c == '\n') {
        if (!after_semicolon) lexer->mark_end(lexer);
        first_line = false;
      } else if (c == ';') {
        lexer->mark_end(lexer);
        after_semicolon = true;
      } else if (!is_blank(c)) {
        after_semicolon = false;
      }
    }
    lua_name_feed(&name, c);
    if (c == '\\') {
      advance(lexer);
      count++;
      if (lexer->eof(lexer)) break;
      if (lexer->lookahead == '\n' && first_line) {
        lexer->mark_end(lexer);
        first_line = false;
      }
    }
    advance(lexer);
  }
  if (first_line && !after_semicolon) lexer->mark_end(lexer);
  lexer->result_symbol = UNTERMINATED_STRING;
  return true;
}

static bool scan_lua_name(TSLexer *lexer) {
  LuaName name = {true, 0, 0};
  while (!ends_word(lexer)) {
    lua_name_feed(&name, lexer->lookahead);
    if (!name.plausible) return false;
    advance(lexer);
  }
  lexer->mark_end(lexer);
  lexer->result_symbol = LUA_NAME;
  return lua_name_complete(&name);
}

// At '[': takes a long bracket and returns its level ("[[" has 0, "[=[" has 1), or -1 if it is none.
static int open_long_bracket(TSLexer *lexer) {
  advance(lexer);
  int level = 0;
  while (lexer->lookahead == '=') {
    level++;
    advance(lexer);
  }
  if (lexer->lookahead != '[') return -1;
  advance(lexer);
  return level;
}

static void skip_long_bracket(TSLexer *lexer, int level) {
  while (!lexer->eof(lexer)) {
    if (lexer->lookahead != ']') {
      advance(lexer);
      continue;
    }
    advance(lexer);
    int signs = 0;
    while (lexer->lookahead == '=') {
      signs++;
      advance(lexer);
    }
    if (signs == level && lexer->lookahead == ']') {
      advance(lexer);
      return;
    }
  }
}

static void skip_line(TSLexer *lexer) {
  while (!lexer->eof(lexer) && lexer->lookahead != '\n') advance(lexer);
}

// At a quote: takes a string, which must end on its line; false if it does not. The quote alone may become the token.
static bool skip_lua_string(TSLexer *lexer, bool mark_quote) {
  int32_t quote = lexer->lookahead;
  advance(lexer);
  if (mark_quote) lexer->mark_end(lexer);
  while (!lexer->eof(lexer) && lexer->lookahead != '\n') {
    int32_t c = lexer->lookahead;
    advance(lexer);
    if (c == quote) return true;
    if (c == '\\' && !lexer->eof(lexer) && lexer->lookahead != '\n') advance(lexer);
  }
  return false;
}

// Raw Lua up to the '}' that balances the block's '{', or, as for OpenResty, to the end of the file. OpenResty takes an
// open quote for a character like any other. That it is open shows at the end of the line only, when it is too late to
// read the line again: so the token ends before such a quote, and the next one is the quote alone.
static bool scan_lua_code(TSLexer *lexer, LuaDepth *depth) {
  bool any = false;
  lexer->result_symbol = LUA_CODE;
  while (!lexer->eof(lexer)) {
    int32_t c = lexer->lookahead;
    if (c == '}') {
      if (*depth == 0) return any;
      --*depth;
      advance(lexer);
    } else if (c == '{') {
      ++*depth;
      advance(lexer);
    } else if (c == '"' || c == '\'') {
      if (!skip_lua_string(lexer, !any)) return true;
    } else if (c == '-') {
      advance(lexer);
      if (lexer->lookahead == '-') {
        advance(lexer);
        int level = lexer->lookahead == '[' ? open_long_bracket(lexer) : -1;
        if (level >= 0) skip_long_bracket(lexer, level);
        else skip_line(lexer);
      }
    } else if (c == '[') {
      int level = open_long_bracket(lexer);
      if (level >= 0) skip_long_bracket(lexer, level);
    } else {
      advance(lexer);
      if (is_blank(c)) continue; // trailing blanks stay out of the token
    }
    any = true;
    lexer->mark_end(lexer);
  }
  *depth = 0;
  return any;
}

bool tree_sitter_nginx_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
  bool recovering = valid[RECOVERING];
  if (valid[UNEXPECTED] && !recovering && !may_follow_quote(lexer)) {
    while (!ends_word(lexer)) advance(lexer);
    lexer->mark_end(lexer);
    lexer->result_symbol = UNEXPECTED;
    return true;
  }
  while (is_blank(lexer->lookahead)) lexer->advance(lexer, true);
  if (valid[LUA_CODE] && !recovering) return scan_lua_code(lexer, payload);
  int32_t c = lexer->lookahead;
  if (valid[DOUBLE_QUOTED] && (c == '"' || c == '\'')) return scan_string(lexer, valid);
  if (valid[LUA_NAME] && c >= 'a' && c <= 'z') return scan_lua_name(lexer);
  return false;
}
