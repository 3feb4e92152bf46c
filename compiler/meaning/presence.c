/* Sets of universes are boxes: per axis a mask of options. A mask of all options is stored as all ones, so that boxes
 * over fewer axes stay valid when further axes are declared. */
#include "compiler/meaning/checker.h"

#include <string.h>

#define MAX_CELLS 64 /* values that stand for the range of an axis */

uint64_t axis_mask(const struct axis *axis) {
  return axis->continuous || axis->n_option >= 64 ? UINT64_MAX : (UINT64_C(1) << axis->n_option) - 1;
}

static const struct axis *axis_at(const struct checker *c, size_t k) {
  return c->axes.items[k];
}

struct presence presence_with(struct checker *c, struct presence presence, const struct axis *axis, uint64_t options) {
  uint64_t *masks = floe__arena_array(c->arena, MAX_AXES, sizeof *masks);
  uint64_t full = axis_mask(axis);
  memcpy(masks, presence.options, MAX_AXES * sizeof *masks);
  masks[axis->id] &= options;
  if ((masks[axis->id] & full) == full) masks[axis->id] = UINT64_MAX;
  return (struct presence){masks};
}

bool presence_within(const struct checker *c, struct presence inner, struct presence outer) {
  for (size_t k = 0; k < c->axes.n; k++)
    if (inner.options[k] & axis_mask(axis_at(c, k)) & ~outer.options[k]) return false;
  return true;
}

bool presence_meet(struct checker *c, struct presence a, struct presence b, struct presence *meet) {
  uint64_t *masks = floe__arena_array(c->arena, MAX_AXES, sizeof *masks);
  bool some = true;
  for (size_t k = 0; k < MAX_AXES; k++) masks[k] = a.options[k] & b.options[k];
  for (size_t k = 0; k < c->axes.n; k++) some = some && (masks[k] & axis_mask(axis_at(c, k)));
  meet->options = masks;
  return some;
}

bool presence_join(struct checker *c, struct presence a, struct presence b, struct presence *join) {
  if (presence_within(c, a, b)) return *join = b, true;
  if (presence_within(c, b, a)) return *join = a, true;
  const struct axis *differing = NULL;
  for (size_t k = 0; k < c->axes.n; k++) {
    if ((a.options[k] ^ b.options[k]) & axis_mask(axis_at(c, k))) {
      if (differing) return false;
      differing = axis_at(c, k);
    }
  }
  uint64_t both = a.options[differing->id] | b.options[differing->id];
  uint64_t *masks = floe__arena_array(c->arena, MAX_AXES, sizeof *masks);
  memcpy(masks, a.options, MAX_AXES * sizeof *masks);
  masks[differing->id] = (both & axis_mask(differing)) == axis_mask(differing) ? UINT64_MAX : both;
  join->options = masks;
  return true;
}

/* ---- constraints ---- */

/* An axis takes an option or, over numbers, one of `values`: comparisons come out alike between any two numbers that they
 * name, so that these numbers, the ends of the range and one value between each two stand for all. */
struct settings {
  uint8_t choice[MAX_AXES]; /* of the options, or of the values */
  size_t n[MAX_AXES];
  double values[MAX_AXES][MAX_CELLS];
};

static bool forbidden_by(const struct term *term, const struct settings *s) {
  if (term->kind == TERM_AXIS_IS) return s->choice[term->axis->id] == term->option;
  switch (term->op) {
    case OP_AND: return forbidden_by(term->items[0], s) && forbidden_by(term->items[1], s);
    case OP_OR: return forbidden_by(term->items[0], s) || forbidden_by(term->items[1], s);
    case OP_NOT: return !forbidden_by(term->items[0], s);
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE: {
      const size_t axis = term->items[0]->axis->id;
      return operator_value(term->op, s->values[axis][s->choice[axis]], term->items[1]->number) != 0;
    }
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_DIV:
    case OP_POW:
    case OP_NEG:
    case OP_EQ:
    case OP_NE: return false;
  }
  return false;
}

struct mention {
  struct settings *settings;
  bool axes[MAX_AXES];
};

/* Adds a value, in order, once; beyond MAX_CELLS the last one is lost, and an axis counts as less divided than it is. */
static void add_value(struct settings *s, size_t axis, double value) {
  size_t n = s->n[axis], k = 0;
  while (k < n && s->values[axis][k] < value) k++;
  if (n == MAX_CELLS || (k < n && s->values[axis][k] == value)) return;
  for (size_t j = n; j > k; j--) s->values[axis][j] = s->values[axis][j - 1];
  s->values[axis][k] = value;
  s->n[axis]++;
}

static void mark_axes(void *context, const struct term *term) {
  struct mention *m = context;
  if (term->kind == TERM_AXIS_IS || term->kind == TERM_AXIS) m->axes[term->axis->id] = true;
  bool compared = term->kind == TERM_OPERATOR && term->items[0]->kind == TERM_AXIS;
  if (!compared) return;
  const struct axis *axis = term->items[0]->axis;
  double value = term->items[1]->number;
  if (value > axis->low && value < axis->high) add_value(m->settings, axis->id, value);
}

static void add_between(struct settings *s, size_t axis) {
  double ends[MAX_CELLS];
  size_t n = s->n[axis];
  memcpy(ends, s->values[axis], n * sizeof *ends);
  for (size_t k = 0; k + 1 < n; k++) add_value(s, axis, 0.5 * (ends[k] + ends[k + 1]));
}

/* What the axes that constraints mention may be: their positions; returns how many there are. */
static size_t settings_of(const struct checker *c, struct settings *s, size_t *axes) {
  struct mention mention = {.settings = s};
  size_t n = 0;
  memset(s->choice, 0, sizeof s->choice);
  memset(s->n, 0, sizeof s->n);
  for (size_t k = 0; k < c->constraints.n; k++)
    visit_terms(((const struct constraint *)c->constraints.items[k])->forbidden, mark_axes, &mention);
  for (size_t k = 0; k < c->axes.n; k++) {
    const struct axis *axis = axis_at(c, k);
    if (!mention.axes[k]) continue;
    axes[n++] = k;
    if (axis->continuous) add_value(s, k, axis->low), add_value(s, k, axis->high), add_between(s, k);
    if (!axis->continuous) s->n[k] = axis->n_option;
  }
  return n;
}

/* Runs through the options, within the box, of the axes that constraints mention. */
bool presence_feasible(const struct checker *c, struct presence box) {
  size_t axes[MAX_AXES];
  struct settings s;
  for (size_t k = 0; k < c->axes.n; k++)
    if (!(box.options[k] & axis_mask(axis_at(c, k)))) return false;
  const size_t n = settings_of(c, &s, axes);
  for (size_t tried = 0; tried < MAX_UNIVERSES; tried++) {
    bool allowed = true;
    for (size_t k = 0; k < n && allowed; k++)
      allowed = axis_at(c, axes[k])->continuous || (box.options[axes[k]] >> s.choice[axes[k]] & 1);
    for (size_t k = 0; k < c->constraints.n && allowed; k++)
      allowed = !forbidden_by(((const struct constraint *)c->constraints.items[k])->forbidden, &s);
    if (allowed) return true;
    size_t digit = 0;
    while (digit < n && ++s.choice[axes[digit]] == s.n[axes[digit]]) s.choice[axes[digit++]] = 0;
    if (digit == n) return false;
  }
  return true;
}

/* ---- text ---- */

static void print_masks(size_t n_axis, const struct axis *const *axes, struct presence presence,
                        struct floe__text *out) {
  bool first = true;
  for (size_t k = 0; k < n_axis; k++) {
    uint64_t mask = presence.options[axes[k]->id];
    if (axes[k]->continuous || (mask & axis_mask(axes[k])) == axis_mask(axes[k])) continue;
    floe__text_printf(out, "%s%s=", first ? "" : ", ", axes[k]->name);
    const char *separator = "";
    for (size_t o = 0; o < axes[k]->n_option; o++) {
      if (!(mask >> o & 1)) continue;
      floe__text_printf(out, "%s%s", separator, axes[k]->options[o].label);
      separator = "|";
    }
    first = false;
  }
}

void print_presence(const struct program *program, struct presence presence, struct floe__text *out) {
  print_masks(program->n_axis, program->axes, presence, out);
}

const char *presence_text(struct checker *c, struct presence presence) {
  struct floe__text text = {0};
  print_masks(c->axes.n, (const struct axis *const *)c->axes.items, presence, &text);
  const char *copy = text.length ? floe__arena_copy(c->arena, text.data, text.length) : NULL;
  floe__text_free(&text);
  return copy;
}

/* ---- names that exist in some universes only ---- */

void defer(struct checker *c, struct presence box, const char *code, struct span span, const char *message,
           const char *fix, struct span related, const char *related_message) {
  struct deferred *d = floe__arena_alloc(c->arena, sizeof *d);
  d->box = box;
  d->diagnostic = (struct diagnostic){.code = code,
                                      .severity = SEVERITY_ERROR,
                                      .span = span,
                                      .message = message,
                                      .fix = fix,
                                      .related = related,
                                      .related_message = related_message};
  list_add(c->arena, &c->deferred, d);
}

/* What a choice by the axis may do with a name that is there in some options only. */
static const char *advice_by_choice(struct checker *c, const struct axis *axis, uint64_t options, const char *name) {
  for (size_t o = 0; o < axis->n_option; o++)
    if (options >> o & 1)
      return floe__arena_printf(
          c->arena, "use it there only, `choose %s { %s: %s  else: ... }`, or define it before the `choose`",
          axis->name, axis->options[o].label, name);
  return "define it before the `choose`";
}

static void error_missing_here(struct checker *c, struct presence box, const char *name, struct span span,
                               struct span defined_at, const char *fix) {
  const char *message = floe__arena_printf(c->arena, "`%s` does not exist in some of the universes that use it", name);
  defer(c, box, "E3007", span, message, fix, defined_at, "it is defined here");
}

void presence_require(struct checker *c, struct presence used_in, struct presence defined_in, const char *name,
                      struct span span, struct span defined_at) {
  for (size_t k = 0; k < c->axes.n; k++) {
    uint64_t lacking = used_in.options[k] & axis_mask(axis_at(c, k)) & ~defined_in.options[k];
    if (!lacking) continue;
    error_missing_here(c, presence_with(c, used_in, axis_at(c, k), lacking), name, span, defined_at,
                       advice_by_choice(c, axis_at(c, k), defined_in.options[k], name));
    return;
  }
}

/* The universes of `box` in which no piece is. */
void presence_require_pieces(struct checker *c, struct presence box, const struct list *pieces, const char *name,
                             struct span span, struct span defined_at) {
  struct list inside = {0};
  struct presence meet;
  for (size_t k = 0; k < pieces->n; k++)
    if (presence_meet(c, box, ((const struct piece *)pieces->items[k])->presence, &meet))
      list_add(c->arena, &inside, pieces->items[k]);
  if (!inside.n) {
    error_missing_here(c, box, name, span, defined_at,
                       "use it in the same options of `choose`, or define it in the others, too");
    return;
  }
  const struct piece *first = inside.items[0];
  for (size_t a = 0; a < c->axes.n; a++) {
    const struct axis *axis = axis_at(c, a);
    uint64_t outside = box.options[a] & axis_mask(axis) & ~first->presence.options[a];
    if (!outside) continue;
    presence_require_pieces(c, presence_with(c, box, axis, outside), &inside, name, span, defined_at);
    box = presence_with(c, box, axis, first->presence.options[a]);
  }
}

static void error_generated_twice(struct checker *c, struct presence box, const char *name, const struct piece *second,
                                  const struct piece *first) {
  const char *message = floe__arena_printf(c->arena, "`%s` is generated twice%s", name,
                                           presence_text(c, box) ? " in some universes" : "");
  defer(c, box, "E3008", second->span, message, "`~` generates each variable once in every universe", first->span,
        "it is generated here already");
}

static void error_never_generated(struct checker *c, struct presence box, const struct symbol *symbol) {
  const char *message = floe__arena_printf(c->arena, "`%s` is never generated%s", symbol->name,
                                           presence_text(c, box) ? " in some universes" : "");
  const char *fix = floe__arena_printf(c->arena, "say how it arises: `%s ~ ...`", symbol->name);
  defer(c, box, "E3009", symbol->span, message, fix, (struct span){0}, NULL);
}

static const struct term *decide_split(struct checker *c, struct presence box, const struct list *inside,
                                       const struct symbol *total, const struct axis *axis) {
  struct term *choose = choose_term(c, axis, ((const struct piece *)inside->items[0])->span);
  for (size_t o = 0; o < axis->n_option; o++) {
    if (!(box.options[axis->id] >> o & 1)) continue;
    choose->items[o] = presence_decide(c, presence_with(c, box, axis, UINT64_C(1) << o), inside, total);
    if (choose->items[o] && choose->type.base == BASE_REAL) choose->type = choose->items[o]->type;
  }
  return choose;
}

const struct term *presence_decide(struct checker *c, struct presence box, const struct list *pieces,
                                   const struct symbol *total) {
  struct list inside = {0};
  struct presence meet;
  for (size_t k = 0; k < pieces->n; k++)
    if (presence_meet(c, box, ((const struct piece *)pieces->items[k])->presence, &meet))
      list_add(c->arena, &inside, pieces->items[k]);
  if (!inside.n) {
    if (total && !c->choice_broken) error_never_generated(c, box, total);
    return NULL;
  }
  for (size_t a = 0; a < c->axes.n; a++)
    for (size_t k = 0; k < inside.n; k++)
      if (box.options[a] & axis_mask(axis_at(c, a)) & ~((const struct piece *)inside.items[k])->presence.options[a])
        return decide_split(c, box, &inside, total, axis_at(c, a));
  if (inside.n > 1 && total) error_generated_twice(c, box, total->name, inside.items[1], inside.items[0]);
  return ((const struct piece *)inside.items[0])->term;
}

/* ---- the family as a whole ---- */

static void error_no_universe(struct checker *c) {
  const struct constraint *last = c->constraints.items[c->constraints.n - 1];
  diagnose(c->sink, "E3010", last->span, "no universe is left: `forbid` and `require` exclude every combination")->fix =
      "weaken one of the constraints";
}

static void error_dead_option(struct checker *c, const struct axis *axis, size_t option) {
  struct diagnostic *d =
      diagnose(c->sink, "E3011", axis->options[option].span, "no universe has %s=%s: every one is forbidden",
               axis->name, axis->options[option].label);
  d->fix = "remove the option or weaken a constraint";
}

static void error_reference_forbidden(struct checker *c, const struct constraint *constraint) {
  diagnose(c->sink, "E3012", constraint->span, "the reference universe is forbidden")->fix =
      "mark other options as references (`*`), or weaken the constraint";
}

static void check_reference(struct checker *c) {
  struct settings s = {.n = {0}};
  for (size_t k = 0; k < c->axes.n; k++) {
    s.choice[k] = axis_at(c, k)->continuous ? 0 : (uint8_t)axis_at(c, k)->reference;
    s.values[k][0] = axis_at(c, k)->reference_value;
  }
  for (size_t k = 0; k < c->constraints.n; k++) {
    const struct constraint *constraint = c->constraints.items[k];
    if (forbidden_by(constraint->forbidden, &s)) error_reference_forbidden(c, constraint);
  }
}

void check_universes(struct checker *c) {
  if (c->constraints.n && !presence_feasible(c, c->everywhere)) {
    error_no_universe(c);
    return;
  }
  for (size_t k = 0; k < c->axes.n && c->constraints.n; k++) {
    const struct axis *axis = axis_at(c, k);
    for (size_t o = 0; o < axis->n_option; o++)
      if (!presence_feasible(c, presence_with(c, axis->presence, axis, UINT64_C(1) << o)))
        error_dead_option(c, axis, o);
  }
  check_reference(c);
  for (size_t k = 0; k < c->deferred.n; k++) {
    struct deferred *d = c->deferred.items[k];
    if (!presence_feasible(c, d->box)) continue;
    d->diagnostic.universes = presence_text(c, d->box);
    diagnostics_add(c->sink, d->diagnostic);
  }
}
