// External scanner for the nginx grammar: quoted strings (with a guess at
// strings left open while typing) and the raw Lua of *_by_lua_block { ... }.
#include "tree_sitter/parser.h"
#include <stdbool.h>

enum { DOUBLE_QUOTED, SINGLE_QUOTED, UNTERMINATED, UNEXPECTED, LUA_NAME_DQ, LUA_NAME_SQ, LUA_CODE, ERROR_SENTINEL };

enum { MAX_TOKEN = 4096 }; // NGX_CONF_BUFFER: nginx refuses a longer token

void *tree_sitter_nginx_external_scanner_create(void) { return 0; }
void tree_sitter_nginx_external_scanner_destroy(void *p) { (void)p; }
unsigned tree_sitter_nginx_external_scanner_serialize(void *p, char *b) { (void)p; (void)b; return 0; }
void tree_sitter_nginx_external_scanner_deserialize(void *p, const char *b, unsigned n) { (void)p; (void)b; (void)n; }

static inline void adv(TSLexer *l) { l->advance(l, false); }
static inline bool blank(int32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
// What nginx allows directly after a closing quote.
static inline bool after_quote(TSLexer *l) {
  int32_t c = l->lookahead;
  return blank(c) || c == ';' || c == '{' || c == ')' || l->eof(l);
}

static bool scan_string(TSLexer *l, const bool *valid) {
  static const char suffix[] = "_by_lua_block";
  int32_t quote = l->lookahead;
  bool first_line = true, semi = false, name_ok = true;
  unsigned n = 0, len = 0, match = 0; // match: how much of suffix the text ends with
  adv(l);
  while (!l->eof(l) && n++ < MAX_TOKEN) {
    int32_t c = l->lookahead;
    if (c == quote) {
      adv(l);
      if (!first_line && !after_quote(l)) break; // nginx would stop here: the quote opened earlier
      l->mark_end(l);
      bool lua = name_ok && match == sizeof suffix - 1 && len > match;
      if (lua && valid[quote == '"' ? LUA_NAME_DQ : LUA_NAME_SQ] && !valid[ERROR_SENTINEL])
        l->result_symbol = quote == '"' ? LUA_NAME_DQ : LUA_NAME_SQ;
      else
        l->result_symbol = quote == '"' ? DOUBLE_QUOTED : SINGLE_QUOTED;
      return true;
    }
    if (first_line) { // where the token ends should the quote never close
      if (c == '\n') { if (!semi) l->mark_end(l); first_line = false; }
      else if (c == ';') { l->mark_end(l); semi = true; }
      else if (!blank(c)) semi = false;
    }
    if (!((c >= 'a' && c <= 'z') || c == '_')) name_ok = false;
    len++;
    if (c == suffix[match]) match++; else match = c == '_' ? 1 : 0;
    if (c == '\\') {
      adv(l); n++;
      if (l->eof(l)) break;
      if (l->lookahead == '\n' && first_line) { l->mark_end(l); first_line = false; }
    }
    adv(l);
  }
  if (first_line && !semi) l->mark_end(l);
  l->result_symbol = UNTERMINATED;
  return true;
}

// At '[': returns the level of a Lua long bracket ("[[" is 0, "[=[" is 1), or -1.
static int open_long(TSLexer *l) {
  adv(l);
  int level = 0;
  while (l->lookahead == '=') { level++; adv(l); }
  if (l->lookahead != '[') return -1;
  adv(l);
  return level;
}

static void skip_long(TSLexer *l, int level) {
  while (!l->eof(l)) {
    if (l->lookahead != ']') { adv(l); continue; }
    adv(l);
    int n = 0;
    while (l->lookahead == '=') { n++; adv(l); }
    if (n == level && l->lookahead == ']') { adv(l); return; }
  }
}

static bool scan_lua(TSLexer *l) {
  unsigned depth = 0;
  bool any = false;
  l->mark_end(l);
  while (!l->eof(l)) {
    int32_t c = l->lookahead;
    if (c == '}') {
      if (depth == 0) { l->result_symbol = LUA_CODE; return any; }
      depth--; adv(l);
    } else if (c == '{') {
      depth++; adv(l);
    } else if (c == '"' || c == '\'') {
      adv(l);
      while (!l->eof(l) && l->lookahead != c && l->lookahead != '\n') {
        if (l->lookahead == '\\') adv(l);
        adv(l);
      }
      if (l->lookahead == c) adv(l);
    } else if (c == '-') {
      adv(l);
      if (l->lookahead == '-') {
        adv(l);
        int level = l->lookahead == '[' ? open_long(l) : -1;
        if (level >= 0) skip_long(l, level);
        else while (!l->eof(l) && l->lookahead != '\n') adv(l);
      }
    } else if (c == '[') {
      int level = open_long(l);
      if (level >= 0) skip_long(l, level);
    } else {
      adv(l);
      if (blank(c)) continue; // trailing blanks stay out of the token
    }
    any = true;
    l->mark_end(l);
  }
  return false; // no closing brace: leave it to error recovery
}

bool tree_sitter_nginx_external_scanner_scan(void *p, TSLexer *l, const bool *valid) {
  (void)p;
  bool recovering = valid[ERROR_SENTINEL];
  if (valid[UNEXPECTED] && !recovering && !after_quote(l)) {
    while (!l->eof(l) && !blank(l->lookahead) && l->lookahead != ';' && l->lookahead != '{') adv(l);
    l->mark_end(l);
    l->result_symbol = UNEXPECTED;
    return true;
  }
  while (blank(l->lookahead)) l->advance(l, true);
  if (valid[LUA_CODE] && !recovering) return scan_lua(l);
  if (valid[DOUBLE_QUOTED] && (l->lookahead == '"' || l->lookahead == '\'')) return scan_string(l, valid);
  return false;
}
