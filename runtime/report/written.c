/* written.c: a report in words and tables, for a terminal or as Markdown. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "runtime/report/results.h"
#include "runtime/report/table.h"

enum { FLAGGED_SHOWN = 5, BEST_SHOWN = 5 };

struct page {
  bool markdown, colour;
  struct floe__text *out;
};

static void heading(const struct page *page, const char *text) {
  if (page->markdown)
    floe__text_printf(page->out, "\n## %s\n\n", text);
  else
    floe__text_printf(page->out, "\n%s%s%s\n", page->colour ? "\033[1m" : "", text, page->colour ? "\033[0m" : "");
}

static const char *verdict_colour(const char *verdict) {
  return strcmp(verdict, "pass") == 0   ? "\033[1;32m"
         : strcmp(verdict, "warn") == 0 ? "\033[1;33m"
         : strcmp(verdict, "fail") == 0 ? "\033[1;31m"
                                        : "\033[1;36m";
}

static void write_verdict(const struct page *page, const json_t *envelope, const json_t *result) {
  const json_t *study = json_object_get(result, "study");
  const char *verdict = result_text(envelope, "verdict");
  const json_t *gates = json_object_get(envelope, "gates"), *gate;
  size_t i;
  if (page->markdown)
    floe__text_printf(page->out, "# %s\n\n**%s**: ", result_text(study, "title"), verdict);
  else
    floe__text_printf(page->out, "%s%s%s  ", page->colour ? verdict_colour(verdict) : "", verdict,
                      page->colour ? "\033[0m" : "");
  floe__text_printf(page->out, "%s: %zu universes, data %s\n", result_text(study, "name"),
                    json_array_size(json_object_get(result, "universes")), result_text(study, "data"));
  json_array_foreach(gates, i, gate) if (strcmp(result_text(gate, "verdict"), "pass") != 0) floe__text_printf(
      page->out, "%s%s: %s (%.4g, threshold %.4g)\n", page->markdown ? "- " : "  ", result_text(gate, "verdict"),
      result_text(gate, "name"), result_number(gate, "value"), result_number(gate, "threshold"));
}

static void write_claims(const struct page *page, const json_t *result) {
  const json_t *claims = json_object_get(result, "claims"), *claim;
  struct table table;
  size_t i;
  if (json_array_size(claims) == 0) return;
  heading(page, "Claims: probability in the reference universe, and over all universes");
  table_start(&table, "claim", "P reference", "lowest", "highest", "P > 0.5 in", "P >= 0.95 in", NULL);
  json_array_foreach(claims, i, claim) {
    table_word(&table, result_text(claim, "text"));
    table_number(&table, "%.3f", result_number(claim, "reference"));
    table_number(&table, "%.3f", result_number(claim, "lowest"));
    table_number(&table, "%.3f", result_number(claim, "highest"));
    table_number(&table, "%.0f%%", 100 * result_number(claim, "holds"));
    table_number(&table, "%.0f%%", 100 * result_number(claim, "holds_strongly"));
  }
  table_end(&table, page->markdown, page->out);
}

/* The universe with the lowest (sign -1) or highest (sign 1) posterior median of a quantity. */
static const json_t *extreme(const json_t *universes, size_t quantity, int sign) {
  const json_t *best = NULL, *universe;
  double most = -INFINITY;
  size_t i;
  json_array_foreach(universes, i, universe) {
    const double median = result_number(json_array_get(json_object_get(universe, "summaries"), quantity), "median");
    if (isfinite(median) && sign * median > most) most = sign * median, best = universe;
  }
  return best;
}

static void write_reference(const struct page *page, const json_t *result) {
  const json_t *universes = json_object_get(result, "universes"), *reference = json_array_get(universes, 0);
  const json_t *names = json_object_get(result, "quantities"), *name;
  char title[256];
  struct table table;
  size_t i;
  const double khat = result_number(reference, "khat");
  char known[32] = "";
  if (isfinite(khat)) snprintf(known, sizeof known, ", k-hat %.2f", khat);
  snprintf(title, sizeof title, "Reference universe (%s%s), and the range of medians over all universes; 90%% intervals",
           result_text(reference, "method"), known);
  heading(page, title);
  table_start(&table, "quantity", "mean", "sd", "5%", "median", "95%", "lowest", "highest", NULL);
  json_array_foreach(names, i, name) {
    const json_t *summary = json_array_get(json_object_get(reference, "summaries"), i);
    const json_t *low = extreme(universes, i, -1), *high = extreme(universes, i, 1);
    static const char *const keys[] = {"mean", "sd", "q5", "median", "q95"};
    table_word(&table, json_string_value(name));
    for (size_t k = 0; k < 5; k++) table_number(&table, "%.4g", result_number(summary, keys[k]));
    table_number(&table, "%.4g", result_number(json_array_get(json_object_get(low, "summaries"), i), "median"));
    table_number(&table, "%.4g", result_number(json_array_get(json_object_get(high, "summaries"), i), "median"));
  }
  table_end(&table, page->markdown, page->out);
}

/* The quantity that an axis moves most, in units of its noise floor. */
static size_t most_moved(const json_t *effect) {
  const json_t *entries = json_object_get(effect, "quantities"), *entry;
  size_t best = 0, i;
  double most = -1;
  json_array_foreach(entries, i, entry) {
    const double median = result_number(entry, "median");
    if (isfinite(median) && median > most) most = median, best = i;
  }
  return best;
}

static void write_effects(const struct page *page, const json_t *result) {
  const json_t *effects = json_object_get(result, "effects"), *effect;
  const json_t *names = json_object_get(result, "quantities");
  struct table table;
  size_t i;
  if (json_array_size(effects) == 0) return;
  heading(
      page,
      "What matters: change between universes that differ in one axis only, in posterior sd, against the noise floor");
  table_start(&table, "axis", "pairs", "moves most", "median", "largest", "floor", "verdict", "P(claim) by", NULL);
  json_array_foreach(effects, i, effect) {
    const size_t most = most_moved(effect);
    const json_t *entry = json_array_get(json_object_get(effect, "quantities"), most), *claim;
    const char *name = json_string_value(json_array_get(names, most));
    double change = NAN;
    size_t k;
    json_array_foreach(json_object_get(effect, "claims"), k, claim) if (!(result_number(claim, "largest") <= change))
        change = result_number(claim, "largest");
    table_word(&table, result_text(effect, "axis"));
    table_number(&table, "%.0f", result_number(effect, "pairs"));
    table_word(&table, name ? name : "-");
    table_number(&table, "%.3f", result_number(entry, "median"));
    table_number(&table, "%.3f", result_number(entry, "largest"));
    table_number(&table, "%.3f", result_number(entry, "floor"));
    table_word(&table, result_text(entry, "verdict"));
    table_number(&table, "%.3f", change);
  }
  table_end(&table, page->markdown, page->out);
}

/* ---- observations left out ---- */

/* The universe with the next highest elpd below that of `after` (NULL: the highest) among those that are compared. */
static const json_t *next_best(const json_t *universes, const json_t *after) {
  const json_t *best = NULL, *universe;
  const double bound = after ? result_number(json_object_get(after, "loo"), "elpd") : INFINITY;
  size_t i;
  json_array_foreach(universes, i, universe) {
    const json_t *loo = json_object_get(universe, "loo");
    const double elpd = result_number(loo, "elpd");
    if (!json_is_boolean(json_object_get(loo, "fits")) || !(elpd < bound)) continue;
    if (!best || elpd > result_number(json_object_get(best, "loo"), "elpd")) best = universe;
  }
  return best;
}

static void write_prediction(struct table *table, const json_t *universe) {
  const json_t *loo = json_object_get(universe, "loo");
  table_word(table, result_text(universe, "id"));
  table_number(table, "%.2f", result_number(loo, "elpd"));
  table_number(table, "%.2f", result_number(loo, "elpd_error"));
  table_number(table, "%.2f", result_number(loo, "difference"));
  table_number(table, "%.2f", result_number(loo, "difference_error"));
  table_number(table, "%.0f", result_number(loo, "unreliable"));
  table_word(table, json_is_true(json_object_get(loo, "fits")) ? "yes" : "no");
}

static void write_fitting_claims(const struct page *page, const json_t *claims) {
  const json_t *claim;
  struct table table;
  size_t i;
  if (json_array_size(claims) == 0) return;
  table_start(&table, "claim, in those that fit", "lowest", "highest", "P > 0.5 in", "P >= 0.95 in", NULL);
  json_array_foreach(claims, i, claim) {
    const json_t *fitting = json_object_get(claim, "fitting");
    table_word(&table, result_text(claim, "text"));
    table_number(&table, "%.3f", result_number(fitting, "lowest"));
    table_number(&table, "%.3f", result_number(fitting, "highest"));
    table_number(&table, "%.0f%%", 100 * result_number(fitting, "holds"));
    table_number(&table, "%.0f%%", 100 * result_number(fitting, "holds_strongly"));
  }
  table_end(&table, page->markdown, page->out);
}

static void write_predictions(const struct page *page, const json_t *result) {
  const json_t *universes = json_object_get(result, "universes"), *universe, *best;
  const json_t *reference = json_array_get(universes, 0);
  size_t i, compared = 0, fits = 0, shown = 0;
  bool reference_shown = false;
  struct table table;
  json_array_foreach(universes, i, universe) {
    const json_t *fit = json_object_get(json_object_get(universe, "loo"), "fits");
    compared += json_is_boolean(fit);
    fits += json_is_true(fit);
  }
  if (!compared) return;
  heading(page, "Observations left out: how well universes predict them, and how far from the best one, in nats");
  table_start(&table, "universe", "elpd", "se", "difference", "se", "k-hat high at", "fits", NULL);
  for (best = next_best(universes, NULL); best && shown < BEST_SHOWN; best = next_best(universes, best), shown++) {
    write_prediction(&table, best);
    reference_shown |= best == reference;
  }
  if (!reference_shown && json_is_object(json_object_get(reference, "loo"))) write_prediction(&table, reference);
  table_end(&table, page->markdown, page->out);
  floe__text_printf(page->out, "%s%zu of %zu universes are within two standard errors of the best\n",
                    page->markdown ? "\n" : "  ", fits, compared);
  if (json_array_size(universes) > compared)
    floe__text_printf(page->out, "%s%zu cannot be compared: other observations than the reference's, or flagged\n",
                      page->markdown ? "" : "  ", json_array_size(universes) - compared);
  if (page->markdown) floe__text_puts(page->out, "\n");
  write_fitting_claims(page, json_object_get(result, "claims"));
}

/* The first few flagged universes, with the reason. */
static void write_flagged(const struct page *page, const json_t *universes, size_t n_flagged) {
  const char *item = page->markdown ? "- " : "  ";
  const json_t *universe;
  size_t i, shown = 0;
  json_array_foreach(universes, i, universe) {
    if (strcmp(result_text(universe, "method"), "flagged") != 0 || shown == FLAGGED_SHOWN) continue;
    floe__text_printf(page->out, "%sflagged %s: %s\n", item, result_text(universe, "id"), result_text(universe, "why"));
    shown++;
  }
  if (n_flagged > shown)
    floe__text_printf(page->out, "%sand %zu more flagged; all are in results.json\n", item, n_flagged - shown);
}

static void write_trust(const struct page *page, const json_t *result) {
  static const char *const methods[] = {"amortized", "reweighted", "mcmc", "flagged"};
  size_t counts[4] = {0}, i;
  const json_t *universes = json_object_get(result, "universes"), *universe;
  json_array_foreach(universes, i, universe) for (size_t k = 0; k < 4; k++) counts[k] +=
      strcmp(result_text(universe, "method"), methods[k]) == 0;
  heading(page, "How the answers were obtained");
  floe__text_puts(page->out, page->markdown ? "" : "  ");
  for (size_t k = 0, any = 0; k < 4; k++)
    if (counts[k]) floe__text_printf(page->out, "%s%zu %s", any++ ? ", " : "", counts[k], methods[k]);
  floe__text_puts(page->out, "\n");
  write_flagged(page, universes, counts[3]);
}

static void write_equivalence(const struct page *page, const json_t *result) {
  const json_t *rows = json_object_get(result, "equivalence"), *row;
  struct table table;
  size_t i;
  if (json_array_size(rows) == 0) return;
  heading(page, "What must not matter: largest disagreement between equivalent forms, in posterior sd");
  table_start(&table, "axis", "quantity", "difference", "threshold", "verdict", NULL);
  json_array_foreach(rows, i, row) {
    table_word(&table, result_text(row, "axis"));
    table_word(&table, result_text(row, "quantity"));
    table_number(&table, "%.3f", result_number(row, "difference"));
    table_number(&table, "%.3f", result_number(row, "threshold"));
    table_word(&table, result_text(row, "verdict"));
  }
  table_end(&table, page->markdown, page->out);
}

static void write_checks(const struct page *page, const json_t *result) {
  const json_t *checks = json_object_get(result, "checks"), *check;
  struct table table;
  size_t i;
  if (json_array_size(checks) == 0) return;
  heading(page, "Prior predictive checks, in the universe where they do worst");
  table_start(&table, "check", "share", "se", "required", "verdict", NULL);
  json_array_foreach(checks, i, check) {
    table_word(&table, result_text(check, "text"));
    table_number(&table, "%.4f", result_number(check, "share"));
    table_number(&table, "%.4f", result_number(check, "se"));
    table_number(&table, "%.4f", result_number(check, "probability"));
    table_word(&table, result_text(check, "verdict"));
  }
  table_end(&table, page->markdown, page->out);
}

static void write_warnings(const struct page *page, const json_t *envelope) {
  const json_t *warnings = json_object_get(envelope, "warnings"), *warning;
  size_t i;
  if (json_array_size(warnings) == 0) return;
  heading(page, "Warnings");
  json_array_foreach(warnings, i, warning)
      floe__text_printf(page->out, "%s%s: %s\n", page->markdown ? "- " : "  ", result_text(warning, "code"),
                        result_text(warning, "message"));
}

static void write_report(const struct page *page, const json_t *envelope) {
  const json_t *result = json_object_get(envelope, "result"), *file;
  const char *kind;
  write_verdict(page, envelope, result);
  write_claims(page, result);
  write_reference(page, result);
  write_effects(page, result);
  write_equivalence(page, result);
  write_checks(page, result);
  write_predictions(page, result);
  write_trust(page, result);
  write_warnings(page, envelope);
  if (json_object_size(json_object_get(envelope, "files")) == 0) return;
  heading(page, "Files");
  json_object_foreach(json_object_get(envelope, "files"), kind, file)
      floe__text_printf(page->out, "%s%s: %s\n", page->markdown ? "- " : "  ", kind, json_string_value(file));
}

void floe__report_terminal(const json_t *envelope, bool colour, struct floe__text *out) {
  const struct page page = {false, colour, out};
  write_report(&page, envelope);
}

void floe__report_markdown(const json_t *envelope, struct floe__text *out) {
  const struct page page = {true, false, out};
  write_report(&page, envelope);
}
