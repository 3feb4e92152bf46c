#include "compiler/syntax/printer.h"

#include <string.h>

#include "compiler/syntax/parse.h"

static void put(struct printer *p, const char *text) {
  floe__text_puts(p->out, text);
}

/* ---- lines and comments ---- */

static bool follows_blank_line(struct span span) {
  if (!span.file) return false;
  int newlines = 0;
  for (size_t k = span.begin; k > 0 && strchr(" \t\r\f\v\n", span.file->text[k - 1]); k--)
    newlines += span.file->text[k - 1] == '\n';
  return newlines > 1;
}

void printer_start_line(struct printer *p, struct span span) {
  if (!p->first && follows_blank_line(span)) put(p, "\n");
  p->first = false;
  floe__text_printf(p->out, "%*s", 2 * p->level, "");
}

static void put_comment(struct printer *p) {
  struct span span = p->comment->span;
  while (span.end > span.begin && strchr(" \t\r", span.file->text[span.end - 1])) span.end--;
  print_source(p, span);
  p->comment = p->comment->next;
}

void printer_comments(struct printer *p, size_t offset) {
  while (p->comment && p->comment->span.begin < offset) {
    printer_start_line(p, p->comment->span);
    put_comment(p);
    put(p, "\n");
  }
}

static bool same_line(const struct source *file, size_t begin, size_t end) {
  return begin <= end && !memchr(file->text + begin, '\n', end - begin);
}

void printer_end_line(struct printer *p, struct span span) {
  if (span.file && p->comment && same_line(span.file, span.end, p->comment->span.begin)) {
    put(p, "  ");
    put_comment(p);
  }
  put(p, "\n");
}

void printer_open(struct printer *p, struct span span, size_t first) {
  if (span.file && p->comment && !p->comment->alone && p->comment->span.begin < first) {
    put(p, "  ");
    put_comment(p);
  }
  put(p, "\n");
  p->level++;
  p->first = true;
}

/* ---- statements ---- */

static void print_statement(struct printer *p, const struct statement *s);
static void print_block(struct printer *p, const struct statement *body, struct span span, size_t end);

static void put_named(struct printer *p, const char *word, const struct statement *s) {
  floe__text_printf(p->out, "%s %s", word, s->name);
}

static void put_title(struct printer *p, const struct statement *s) {
  if (!s->text) return;
  put(p, " ");
  print_string(p, s->text);
}

static void put_defined(struct printer *p, const struct statement *s, const char *mark) {
  if (s->name) put(p, s->name);
  print_indices(p, s->indices);
  if (s->name) put(p, mark);
  print_expr(p, s->value);
}

static void put_type(struct printer *p, const struct type_expr *type, const char *mark) {
  if (!type) return;
  put(p, mark);
  print_type(p, type);
}

static void put_declaration(struct printer *p, const struct statement *s, const char *word) {
  put_named(p, word, s);
  print_indices(p, s->indices);
  put_type(p, s->type, " : ");
  if (s->below || s->above) put(p, " censored");
  if (s->below) {
    put(p, " below ");
    print_expr(p, s->below);
  }
  if (s->above) {
    put(p, " above ");
    print_expr(p, s->above);
  }
  if (s->missing) put(p, s->kind == STATEMENT_DATA ? " missing as latent" : " missing");
  if (s->value) {
    put(p, " ~ ");
    print_expr(p, s->value);
  }
  if (s->via) floe__text_printf(p->out, " via %s", s->via);
}

static void put_index(struct printer *p, const struct statement *s) {
  put_named(p, "index", s);
  if (s->value) {
    put(p, s->value->kind == EXPR_RANGE ? " in " : " = ");
    print_expr(p, s->value);
  }
  if (s->ordered) put(p, " ordered");
}

/* A body, or ` = e`. */
static void put_body(struct printer *p, const struct statement *s) {
  if (s->value) {
    put(p, " = ");
    print_expr(p, s->value);
  } else {
    put(p, " ");
    print_block(p, s->body, s->span, s->span.end);
  }
}

static void put_extern(struct printer *p, const struct statement *s) {
  put_named(p, s->random ? "extern draw" : "extern fun", s);
  print_parameters(p, s->parameters);
  put_type(p, s->type, " : ");
  if (s->text) {
    put(p, " as ");
    print_string(p, s->text);
  }
  if (s->value) {
    put(p, " derivative ");
    print_expr(p, s->value);
  }
  if (s->adjoint) {
    put(p, " adjoint ");
    print_string(p, s->adjoint);
  }
}

/* ---- blocks ---- */

static bool continues_report(const struct statement *s) {
  size_t own = s->name ? s->name_span.begin : s->value ? s->value->span.begin : 0;
  return s->kind == STATEMENT_REPORT && s->span.file && s->span.begin == own;
}

static const struct statement *last_of_line(const struct statement *s) {
  while (s->kind == STATEMENT_REPORT && s->next && continues_report(s->next)) s = s->next;
  return s;
}

static bool has_block(const struct statement *s) {
  switch (s->kind) {
    case STATEMENT_FOR:
    case STATEMENT_IF:
    case STATEMENT_CHOOSE:
    case STATEMENT_DIST:
    case STATEMENT_ODE:
    case STATEMENT_WHILE:
    case STATEMENT_SIM:
    case STATEMENT_PART:
    case STATEMENT_NETWORK: return true;
    case STATEMENT_AXIS: return s->options && s->options->value;
    case STATEMENT_FUN:
    case STATEMENT_METHOD: return !s->value;
    default: return spreads_over_lines(s->value);
  }
}

static void print_lines(struct printer *p, const struct statement *list) {
  for (; list; list = list->next) {
    const struct statement *last = last_of_line(list);
    printer_comments(p, list->span.begin);
    if (!p->first && follows_blank_line(list->span)) put(p, "\n");
    p->first = true; /* the blank line stands before the comments from inside */
    if (!has_block(list)) printer_comments(p, last->span.end);
    floe__text_printf(p->out, "%*s", 2 * p->level, "");
    p->first = false;
    print_statement(p, list);
    printer_end_line(p, last->span);
    list = last;
  }
}

static void print_block(struct printer *p, const struct statement *body, struct span span, size_t end) {
  put(p, "{");
  printer_open(p, span, body ? body->span.begin : end);
  print_lines(p, body);
  printer_comments(p, end);
  p->level--;
  p->first = false;
  floe__text_printf(p->out, "%*s}", 2 * p->level, "");
}

static bool comment_within(const struct printer *p, struct span span) {
  return p->comment && span.file && p->comment->span.begin < span.end;
}

static void put_choose(struct printer *p, const struct statement *s) {
  floe__text_printf(p->out, "choose %s {", s->name);
  printer_open(p, s->span, s->options ? s->options->span.begin : s->span.end);
  for (const struct option *option = s->options; option; option = option->next) {
    const struct statement *body = option->body;
    printer_comments(p, option->span.begin);
    printer_start_line(p, option->span);
    floe__text_printf(p->out, "%s:", option->label);
    if (body && !body->next && !has_block(body) && !comment_within(p, body->span)) {
      put(p, " ");
      print_statement(p, body);
      printer_end_line(p, body->span);
      continue;
    }
    printer_open(p, option->span, body ? body->span.begin : option->span.end);
    print_lines(p, body);
    p->level--;
    p->first = false;
  }
  printer_comments(p, s->span.end);
  p->level--;
  floe__text_printf(p->out, "%*s}", 2 * p->level, "");
}

static void put_if(struct printer *p, const struct statement *s) {
  put(p, "if ");
  print_expr(p, s->value);
  put(p, " ");
  const struct statement *otherwise = s->otherwise;
  size_t end = s->span.end;
  for (const struct statement *last = s->body; otherwise && last; last = last->next) end = last->span.end;
  print_block(p, s->body, s->span, end);
  if (!otherwise) return;
  put(p, " else ");
  if (otherwise->kind == STATEMENT_IF && !otherwise->next)
    put_if(p, otherwise);
  else
    print_block(p, otherwise, otherwise->span, s->span.end);
}

static void put_while(struct printer *p, const struct statement *s) {
  put(p, "while ");
  print_expr(p, s->value);
  if (s->high) {
    put(p, " limit ");
    print_expr(p, s->high);
  }
  put(p, " ");
  print_block(p, s->body, s->span, s->span.end);
}

static void put_outputs(struct printer *p, const struct parameter *outputs) {
  put(p, " -> ");
  if (outputs->next) {
    print_parameters(p, outputs);
    return;
  }
  put(p, outputs->name);
  print_indices(p, outputs->indices);
  put_type(p, outputs->type, " : ");
}

static void put_sim(struct printer *p, const struct statement *s) {
  put_named(p, s->foreign ? "extern sim" : "sim", s);
  print_parameters(p, s->parameters);
  put_outputs(p, s->outputs);
  const struct statement *last = s->body;
  while (last && last->next) last = last->next;
  size_t end = s->span.end;
  if (s->value) end = s->value->span.begin;
  if (s->otherwise) end = last ? last->span.end : s->span.begin;
  if (s->text) {
    put(p, " as ");
    print_string(p, s->text);
  }
  if (!s->foreign) {
    put(p, " ");
    print_block(p, s->body, s->span, end);
  }
  if (!s->value && !s->otherwise) return;
  put(p, s->up_to_constant ? " density up_to_constant " : " density ");
  if (s->value) {
    put(p, "= ");
    print_expr(p, s->value);
  } else {
    print_block(p, s->otherwise, s->otherwise->span, s->span.end);
  }
}

static void put_sample(struct printer *p, const struct statement *s) {
  if (!s->body) {
    put_defined(p, s, " ~ ");
    return;
  }
  floe__text_printf(p->out, "(%s", s->name);
  print_indices(p, s->indices);
  for (const struct statement *target = s->body; target; target = target->next) {
    floe__text_printf(p->out, ", %s", target->name);
    print_indices(p, target->indices);
  }
  put(p, ") ~ ");
  print_expr(p, s->value);
}

static void put_for(struct printer *p, const struct statement *s) {
  floe__text_printf(p->out, "for %s in %s", s->name, s->index);
  print_indices(p, s->value);
  put(p, " ");
  print_block(p, s->body, s->span, s->span.end);
}

/* ---- axes ---- */

static void put_option(struct printer *p, const struct option *option) {
  floe__text_printf(p->out, "%s%s", option->label, option->reference ? "*" : "");
  if (option->weight) {
    put(p, " @ ");
    print_expr(p, option->weight);
  }
  if (option->value) {
    put(p, " : ");
    print_expr(p, option->value);
  }
}

static void put_axis(struct printer *p, const struct statement *s) {
  put_named(p, s->equivalence ? "equiv" : "axis", s);
  put_title(p, s);
  if (s->reference) {
    put(p, " = ");
    print_expr(p, s->reference);
    put(p, s->logarithmic ? " in log " : " in ");
    print_expr(p, s->low);
    put(p, "..");
    print_expr(p, s->high);
    return;
  }
  bool block = !s->options;
  for (const struct option *option = s->options; option; option = option->next) block = block || option->value;
  put(p, block ? " {" : " = ");
  if (block) printer_open(p, s->span, s->options ? s->options->span.begin : s->span.end);
  for (const struct option *option = s->options; option; option = option->next) {
    if (block) {
      printer_comments(p, option->span.begin);
      printer_start_line(p, option->span);
    }
    put_option(p, option);
    if (block)
      printer_end_line(p, option->span);
    else if (option->next)
      put(p, " | ");
  }
  if (!block) return;
  printer_comments(p, s->span.end);
  p->level--;
  p->first = false;
  floe__text_printf(p->out, "%*s}", 2 * p->level, "");
}

/* ---- all statements ---- */

static void put_elicit(struct printer *p, const struct statement *s) {
  put_named(p, "elicit", s);
  put(p, "(");
  print_expr(p, s->value);
  for (const struct expr *level = s->indices; level; level = level->next) {
    put(p, level == s->indices ? "; " : ", ");
    print_expr(p, level);
  }
  put(p, ") = ");
  print_expr(p, s->consequence);
}

static void put_reports(struct printer *p, const struct statement *s) {
  put(p, "report ");
  for (const struct statement *last = last_of_line(s);; s = s->next) {
    put_defined(p, s, " = ");
    if (s == last) break;
    put(p, ", ");
  }
}

static void put_promise(struct printer *p, const struct statement *s, const char *word) {
  put(p, word);
  print_string(p, s->text);
  put(p, ": ");
  print_expr(p, s->value);
  if (s->probability) {
    put(p, " with prob ");
    print_expr(p, s->probability);
  }
}

static void print_statement(struct printer *p, const struct statement *s) {
  switch (s->kind) {
    case STATEMENT_MODEL:
      put_named(p, "model", s);
      put_title(p, s);
      break;
    case STATEMENT_USE: put_named(p, "use", s); break;
    case STATEMENT_PART:
      put_named(p, "part", s);
      print_indices(p, s->indices);
      print_parameters(p, s->parameters);
      put_body(p, s);
      break;
    case STATEMENT_INDEX: put_index(p, s); break;
    case STATEMENT_DATA: put_declaration(p, s, "data"); break;
    case STATEMENT_PARAM: put_declaration(p, s, "param"); break;
    case STATEMENT_LATENT: put_declaration(p, s, "latent"); break;
    case STATEMENT_OBS: put_declaration(p, s, "obs"); break;
    case STATEMENT_SAMPLE: put_sample(p, s); break;
    case STATEMENT_DEFINE: put_defined(p, s, " = "); break;
    case STATEMENT_VAR:
      put(p, "var ");
      put_defined(p, s, " = ");
      break;
    case STATEMENT_ASSIGN: put_defined(p, s, " := "); break;
    case STATEMENT_FOR: put_for(p, s); break;
    case STATEMENT_IF: put_if(p, s); break;
    case STATEMENT_WHILE: put_while(p, s); break;
    case STATEMENT_SIM: put_sim(p, s); break;
    case STATEMENT_AXIS: put_axis(p, s); break;
    case STATEMENT_CHOOSE: put_choose(p, s); break;
    case STATEMENT_FORBID:
      put(p, "forbid ");
      print_condition(p, s->value);
      break;
    case STATEMENT_REQUIRE:
      put(p, "require ");
      print_condition(p, s->value);
      put(p, " => ");
      print_condition(p, s->consequence);
      break;
    case STATEMENT_PREP:
      put(p, "prep ");
      put_defined(p, s, " = ");
      break;
    case STATEMENT_SUMMARY:
      put(p, "summary ");
      put_defined(p, s, " = ");
      break;
    case STATEMENT_REPORT: put_reports(p, s); break;
    case STATEMENT_CLAIM: put_promise(p, s, "claim "); break;
    case STATEMENT_CHECK: put_promise(p, s, "check "); break;
    case STATEMENT_FUN:
      put_named(p, "fun", s);
      print_parameters(p, s->parameters);
      put_type(p, s->type, " : ");
      put_body(p, s);
      break;
    case STATEMENT_DIST:
      put_named(p, "dist", s);
      print_parameters(p, s->parameters);
      put_type(p, s->type, " on ");
      put_body(p, s);
      break;
    case STATEMENT_METHOD:
      put(p, s->name);
      if (s->parameters) print_parameters(p, s->parameters);
      if (s->up_to_constant) put(p, " up_to_constant");
      put_body(p, s);
      break;
    case STATEMENT_RESULT:
      put(p, "result ");
      print_expr(p, s->value);
      break;
    case STATEMENT_EXTERN: put_extern(p, s); break;
    case STATEMENT_ODE:
      put_named(p, "ode", s);
      print_indices(p, s->indices);
      put(p, " at ");
      print_expr(p, s->value);
      put(p, " ");
      print_block(p, s->body, s->span, s->span.end);
      break;
    case STATEMENT_RATE: put_defined(p, s, "' = "); break;
    case STATEMENT_INIT:
      put(p, "init ");
      put_defined(p, s, " = ");
      break;
    case STATEMENT_HYPER: put_declaration(p, s, "hyper"); break;
    case STATEMENT_ELICIT: put_elicit(p, s); break;
    case STATEMENT_NETWORK:
      put(p, "network ");
      print_block(p, s->body, s->span, s->span.end);
      break;
    case STATEMENT_ERROR:
      if (s->span.file) print_source(p, s->span);
      break;
  }
}

void print_tree(const struct tree *tree, struct floe__text *out) {
  struct printer printer = {.out = out, .comment = tree->comments, .first = true};
  print_lines(&printer, tree->statements);
  printer_comments(&printer, (size_t)-1);
}
