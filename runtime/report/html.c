/* html.c: a report as one self-contained HTML page: no scripts, no fonts, no addresses. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "runtime/report/figures.h"
#include "runtime/report/results.h"
#include "runtime/report/svg.h"

/* With many universes only the first figures are drawn: a column each makes a page of tens of megabytes. */
enum { FIGURES_SHOWN = 2, MOST_FIGURES = 24, MANY_UNIVERSES = 300, MOST_ROWS = 300 };

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1d2430;--quiet:#687385;--line:#d9dee6;--page:#fff;--panel:#f6f8fa;--amortized:#2a8c82;"
    "--reweighted:#3c6fc4;--mcmc:#8a5bb5;--flagged:#cc4628;--pass:#2a8c5a;--warn:#b97a10;--fail:#cc4628}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e8ee;--quiet:#97a1b0;--line:#39424f;--page:#14181e;--panel:#1c222a;"
    "--amortized:#4cbcb0;--reweighted:#7aa5f0;--mcmc:#b890dc;--flagged:#f07a5c;--pass:#58c48c;--warn:#e0a840;--fail:#f07a5c}}"
    "body{margin:0 auto;max-width:1000px;padding:24px;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page)}"
    "h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:32px 0 4px}p{margin:4px 0 12px;max-width:75ch}.quiet{color:var(--quiet)}"
    "svg{width:100%;height:auto;display:block;margin:8px 0}.small{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr))}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}th,td{padding:3px 12px 3px 0;text-align:right;"
    "border-bottom:1px solid var(--line)}th:first-child,td:first-child{text-align:left}.scroll{overflow-x:auto}summary{cursor:pointer;margin:8px 0}"
    ".verdict{display:inline-block;padding:1px 10px;border-radius:4px;color:#fff;font-weight:600}.pass{background:var(--pass)}"
    ".warn{background:var(--warn)}.fail{background:var(--fail)}.unknown{background:var(--quiet)}"
    ".claim{background:var(--panel);border-left:4px solid var(--amortized);padding:10px 14px;margin:10px 0;max-width:none}"
    "svg text{fill:var(--ink);font:11px system-ui,sans-serif}svg .tick{fill:var(--quiet)}svg .title{font-weight:600;font-size:12px}"
    ".grid{stroke:var(--line)}.axis{stroke:var(--quiet)}.reference{stroke:var(--ink);stroke-dasharray:3 3}.on{fill:var(--quiet)}"
    ".interval{stroke-width:1.5;opacity:.45}.cell{stroke:none}.bar{fill:var(--reweighted)}.bar.quiet{opacity:.4}"
    ".whisker{stroke:var(--ink);stroke-width:1.5}.largest{fill:var(--ink)}.floor{fill:var(--quiet);opacity:.18}"
    ".curve{fill:none;stroke:var(--reweighted);stroke-width:2}.curve.thin{stroke-width:1;opacity:.5}.band{fill:none;stroke:var(--quiet);stroke-dasharray:4 3}"
    ".m-amortized{fill:var(--amortized);stroke:var(--amortized)}.m-reweighted{fill:var(--reweighted);stroke:var(--reweighted)}"
    ".m-mcmc{fill:var(--mcmc);stroke:var(--mcmc)}.m-flagged{fill:var(--flagged);stroke:var(--flagged)}"
    ".key span{display:inline-block;margin-right:16px}"
    ".key svg{display:inline;width:12px;height:12px;margin:0 4px 0 0}";

static void heading(struct floe__text *out, const char *title, const char *explanation) {
  floe__text_printf(out, "<h2>%s</h2>\n<p class=\"quiet\">%s</p>\n", title, explanation);
}

static void cell(struct floe__text *out, const char *format, double number) {
  if (isnan(number)) {
    floe__text_puts(out, "<td>-</td>");
    return;
  }
  floe__text_puts(out, "<td>");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  floe__text_printf(out, format, number);
#pragma GCC diagnostic pop
  floe__text_puts(out, "</td>");
}

static void cell_word(struct floe__text *out, const char *word) {
  floe__text_puts(out, "<td>");
  html_escape(out, word);
  floe__text_puts(out, "</td>");
}

static void write_head(struct floe__text *out, const json_t *envelope, const json_t *result) {
  const json_t *study = json_object_get(result, "study"), *gate;
  const char *verdict = result_text(envelope, "verdict");
  size_t i;
  floe__text_puts(
      out,
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
  html_escape(out, result_text(study, "title"));
  floe__text_printf(out, "</title>\n<style>%s</style>\n<h1>", style);
  html_escape(out, result_text(study, "title"));
  floe__text_puts(out, "</h1>\n<p><span class=\"verdict ");
  html_escape(out, verdict);
  floe__text_puts(out, "\">");
  html_escape(out, verdict);
  floe__text_printf(out, "</span> <span class=\"quiet\">%zu universes, data ",
                    json_array_size(json_object_get(result, "universes")));
  html_escape(out, result_text(study, "data"));
  floe__text_printf(out, ", seed %.0f. Intervals are 90%%, equal-tailed.</span></p>\n", result_number(study, "seed"));
  json_array_foreach(json_object_get(envelope, "gates"), i, gate) {
    if (strcmp(result_text(gate, "verdict"), "pass") == 0) continue;
    floe__text_puts(out, "<p>");
    html_escape(out, result_text(gate, "verdict"));
    floe__text_puts(out, ": ");
    html_escape(out, result_text(gate, "name"));
    floe__text_printf(out, " (%.4g, threshold %.4g)</p>\n", result_number(gate, "value"),
                      result_number(gate, "threshold"));
  }
}

static void write_claims(struct floe__text *out, const json_t *result) {
  const json_t *claim;
  size_t i;
  json_array_foreach(json_object_get(result, "claims"), i, claim) {
    floe__text_puts(out, "<p class=\"claim\"><b>");
    html_escape(out, result_text(claim, "text"));
    floe__text_printf(
        out,
        "</b>: probability %.3f in the reference universe, between %.3f and %.3f over all universes; above one half in %.0f%% of them, at least 0.95 in %.0f%%.</p>\n",
        result_number(claim, "reference"), result_number(claim, "lowest"), result_number(claim, "highest"),
        100 * result_number(claim, "holds"), 100 * result_number(claim, "holds_strongly"));
  }
}

static bool is_used(const json_t *universes, const char *method) {
  const json_t *universe;
  size_t i;
  json_array_foreach(universes, i, universe) if (strcmp(result_text(universe, "method"), method) == 0) return true;
  return false;
}

static void write_key(struct floe__text *out, const json_t *universes) {
  static const char *const methods[][2] = {{"amortized", "the network's answer, confirmed by importance weights"},
                                           {"reweighted", "corrected by importance weights"},
                                           {"mcmc", "Markov chain Monte Carlo"},
                                           {"flagged", "not to be trusted"}};
  floe__text_puts(out, "<p class=\"key\">");
  for (size_t k = 0; k < 4; k++)
    if (is_used(universes, methods[k][0]))
      floe__text_printf(
          out, "<span><svg viewBox=\"0 0 12 12\"><rect class=\"m-%s\" width=\"12\" height=\"12\"/></svg>%s: %s</span> ",
          methods[k][0], methods[k][0], methods[k][1]);
  floe__text_puts(out, "</p>\n");
}

/* The first few figures are open, the others unfold. */
static void write_curves(struct floe__text *out, const json_t *result) {
  const bool many = json_array_size(json_object_get(result, "universes")) > MANY_UNIVERSES;
  const size_t most = many ? FIGURES_SHOWN : MOST_FIGURES;
  const size_t n_claim = json_array_size(json_object_get(result, "claims")),
               n = json_array_size(json_object_get(result, "quantities"));
  heading(
      out, "Specification curve",
      "Every universe is a column, in the order of its answer. The dashed line is the reference. The rows below tell how each answer was obtained and which option each axis takes.");
  write_key(out, json_object_get(result, "universes"));
  for (size_t k = 0; k < n_claim; k++) figure_claim(out, result, k);
  for (size_t k = 0; k < n && k < most; k++) {
    const char *name = json_string_value(json_array_get(json_object_get(result, "quantities"), k));
    floe__text_printf(out, "<details%s><summary>", k < FIGURES_SHOWN ? " open" : "");
    html_escape(out, name ? name : "");
    floe__text_puts(out, "</summary>\n");
    figure_specification(out, result, k);
    floe__text_puts(out, "</details>\n");
  }
  if (n > most) floe__text_printf(out, "<p class=\"quiet\">The other %zu quantities are in results.json.</p>\n", n - most);
}

static void write_effects(struct floe__text *out, const json_t *result) {
  const size_t n = json_array_size(json_object_get(result, "quantities"));
  heading(
      out, "What matters",
      "How far an answer moves between two universes that differ in one axis only. What lies within the noise floor (Monte Carlo error, disagreement of the ensemble, of equivalent forms) is no finding.");
  for (size_t k = 0; k < n && k < MOST_FIGURES; k++) {
    const char *name = json_string_value(json_array_get(json_object_get(result, "quantities"), k));
    floe__text_printf(out, "<details%s><summary>", k < FIGURES_SHOWN ? " open" : "");
    html_escape(out, name ? name : "");
    floe__text_puts(out, "</summary>\n");
    figure_effects(out, result, k);
    floe__text_puts(out, "</details>\n");
  }
}

static void write_calibration(struct floe__text *out, const json_t *result) {
  const json_t *calibration = json_object_get(result, "calibration"), *quantity;
  const json_t *network = json_object_get(result, "network");
  size_t i;
  if (json_is_object(calibration)) {
    heading(
        out, "Calibration",
        "Ranks of the truth among posterior draws, over fresh simulations from all universes: the curve stays within the dashed 95% simultaneous band where the network is calibrated.");
    floe__text_puts(out, "<div class=\"small\">");
    json_array_foreach(json_object_get(calibration, "quantities"), i, quantity) figure_calibration(out, quantity);
    floe__text_puts(
        out,
        "</div>\n<div class=\"scroll\"><table><tr><th>quantity<th>calibration error<th>NRMSE<th>contraction</tr>\n");
    json_array_foreach(json_object_get(calibration, "quantities"), i, quantity) {
      floe__text_puts(out, "<tr>");
      cell_word(out, result_text(quantity, "name"));
      cell(out, "%.4f", result_number(quantity, "calibration_error"));
      cell(out, "%.3f", result_number(quantity, "nrmse"));
      cell(out, "%.3f", result_number(quantity, "contraction"));
      floe__text_puts(out, "</tr>\n");
    }
    floe__text_puts(out, "</table></div>\n");
  }
  if (!json_is_object(network)) return;
  heading(out, "Training", "");
  floe__text_printf(out, "<p>%.0f networks, %.0f simulations, %.0f s; validation loss %.4f.</p>\n",
                    result_number(network, "members"), result_number(network, "simulations"),
                    result_number(network, "seconds"), result_number(network, "loss"));
  figure_training(out, network);
}

static void write_universes(struct floe__text *out, const json_t *result) {
  const json_t *universes = json_object_get(result, "universes"), *universe, *name;
  const bool left_out = json_object_get(json_array_get(universes, 0), "loo") != NULL;
  size_t i, k;
  heading(out, "Universes", "Posterior median and 90% interval of every quantity.");
  floe__text_printf(
      out, "<details%s><summary>table</summary><div class=\"scroll\"><table><tr><th>universe<th>method<th>k-hat",
      json_array_size(universes) <= 12 ? " open" : "");
  if (left_out) floe__text_puts(out, "<th>elpd, observations left out<th>less than the best<th>se");
  json_array_foreach(json_object_get(result, "quantities"), k, name) {
    floe__text_puts(out, "<th>");
    html_escape(out, json_string_value(name));
  }
  floe__text_puts(out, "</tr>\n");
  json_array_foreach(universes, i, universe) {
    const json_t *summary;
    if (i >= MOST_ROWS) break;
    floe__text_puts(out, "<tr>");
    cell_word(out, result_text(universe, "id"));
    cell_word(out, result_text(universe, "method"));
    cell(out, "%.2f", result_number(universe, "khat"));
    if (left_out) {
      const json_t *loo = json_object_get(universe, "loo");
      cell(out, "%.2f", result_number(loo, "elpd"));
      cell(out, "%.2f", -result_number(loo, "difference"));
      cell(out, "%.2f", result_number(loo, "difference_error"));
    }
    json_array_foreach(json_object_get(universe, "summaries"), k, summary)
        floe__text_printf(out, "<td>%.4g (%.4g .. %.4g)</td>", result_number(summary, "median"),
                          result_number(summary, "q5"), result_number(summary, "q95"));
    floe__text_puts(out, "</tr>\n");
  }
  floe__text_puts(out, "</table></div></details>\n");
  if (json_array_size(universes) > MOST_ROWS)
    floe__text_printf(out, "<p>The first %d of them; all are in results.json.</p>\n", MOST_ROWS);
}

void floe__report_html(const json_t *envelope, struct floe__text *out) {
  const json_t *result = json_object_get(envelope, "result"), *warning;
  size_t i;
  write_head(out, envelope, result);
  write_claims(out, result);
  write_curves(out, result);
  write_effects(out, result);
  write_calibration(out, result);
  write_universes(out, result);
  json_array_foreach(json_object_get(envelope, "warnings"), i, warning) {
    floe__text_puts(out, "<p>");
    html_escape(out, result_text(warning, "message"));
    floe__text_puts(out, "</p>\n");
  }
  floe__text_puts(out, "</html>\n");
}
