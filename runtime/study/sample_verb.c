/* sample_verb.c: MCMC in one universe: draws as CmdStan CSV, one file per chain, and a summary with its gates. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "runtime/data/outputs.h"
#include "runtime/data/universe.h"
#include "runtime/math/moments.h"
#include "runtime/math/order.h"
#include "runtime/mcmc/sample.h"
#include "runtime/report/draws_csv.h"
#include "runtime/report/results.h"
#include "runtime/report/table.h"
#include "runtime/study/gates_json.h"
#include "runtime/study/predictive.h"
#include "runtime/study/quantities.h"
#include "runtime/study/verbs.h"
#include "runtime/trust/bridge.h"
#include "runtime/trust/convergence.h"

/* Everything of one sampling run. Owned: chains and all arrays. */
struct run {
  struct floe_context context;
  struct floe_chains *chains;
  double *prepared, *values, *outputs, *scratch;
  struct floe_convergence *convergence; /* of each quantity */
  struct floe__convergence_work *work;
  double *column; /* (n) */
  struct floe_sample_options options;
  size_t n; /* draws in all */
  bool chees;
};

static void run_free(struct run *run) {
  floe_chains_free(run->chains);
  floe__free(run->prepared);
  floe__free(run->values);
  floe__free(run->outputs);
  floe__free(run->scratch);
  floe__free(run->convergence);
  floe__free(run->column);
  floe__convergence_work_free(run->work);
}

/* The share of transitions up to which divergences are a warning. Centred eight schools, whose mean is then off by a
 * fifth of its sd, have 5 in 1000; non-centred ones, which are right, 0.17 (20 in 120,000: in one run of three there is
 * at least one). */
static const double most_divergent = 0.002;

static bool diverges(const struct run *run, const struct floe_chains *chains) {
  return (double)chains->n_divergent > most_divergent * (double)(run->n * chains->stride);
}

/* What is reported of the draws, and whether the chains agree about all of it. */
static enum floe_judgement look_at(void *state, const struct floe_chains *chains) {
  struct run *run = state;
  const struct floe_layout *layout = run->context.layout;
  double rhat = 1;
  if (run->options.judge && chains->stride == 1 && !chains->cautious && diverges(run, chains))
    return FLOE_CHAINS_DIVERGE;
  layout->model->constrain(&run->context, run->n, chains->coordinates, run->values, run->scratch);
  floe_outputs(&run->context, run->n, run->values, run->outputs, run->scratch);
  for (size_t k = 0; k < study_quantity_count(layout); k++) {
    run->convergence[k] = floe_convergence(run->outputs + k, layout->n_output, run->work);
    rhat = fmax(rhat, run->convergence[k].rhat); /* constants have none */
  }
  return rhat <= FLOE_RHAT_AGREES ? FLOE_CHAINS_SUFFICE : FLOE_CHAINS_GO_ON;
}

static floe_status make_room(struct run *run, const struct floe_layout *layout, struct floe_error *error) {
  const struct floe_sample_options *options = &run->options;
  run->n = options->chains * options->draws;
  run->prepared = FLOE__NEW(layout->n_data + 1, double);
  run->scratch = FLOE__NEW(layout->n_scratch + 1, double);
  run->values = FLOE__NEW(run->n * (layout->n_value + 1), double);
  run->outputs = FLOE__NEW(run->n * (layout->n_output + 1), double);
  run->convergence = FLOE__NEW(study_quantity_count(layout) + 1, struct floe_convergence);
  run->work = floe__convergence_work_new(options->chains, options->draws);
  run->column = FLOE__NEW(run->n, double);
  if (run->prepared && run->scratch && run->values && run->outputs && run->convergence && run->work && run->column)
    return FLOE_OK;
  return floe__fail(error, FLOE_EENVIRONMENT, "--draws", "ask for fewer draws", "no memory for %zu draws", run->n);
}

/* Of fewer draws of a chain R-hat is above 1.01 by chance for one quantity of some. */
static const size_t draws_that_show_agreement = 500;

/* --output draws.csv becomes draws_1.csv .. draws_4.csv; without it, NAME.study/draws_UNIVERSE_1.csv and so on. */
static void chain_path(const struct session *session, const char *universe, size_t chain, size_t n_chain,
                       char path[STUDY_PATH_LENGTH]) {
  const char *output = floe__option_string(session->arguments, "output", NULL);
  char name[300], part[24];
  snprintf(name, sizeof name, "draws_%.240s_%zu.csv", universe, chain);
  snprintf(part, sizeof part, "%zu", chain);
  if (output && n_chain == 1)
    snprintf(path, STUDY_PATH_LENGTH, "%s", output);
  else
    session_output_part(session, part, name, path);
}

/* Where the run keeps its state: draws.csv -> draws_1.checkpoint, else NAME.study/draws_UNIVERSE_1.checkpoint. */
static floe_status checkpoint_path(const struct session *session, const char *universe, char path[STUDY_PATH_LENGTH],
                                   struct floe_error *error) {
  chain_path(session, universe, 1, 2, path);
  path[strlen(path) - strlen("_1.csv")] = '\0';
  return floe__option_string(session->arguments, "output", NULL) ? FLOE_OK : floe__folder_make(session->folder, error);
}

static floe_status run_chains(struct session *session, struct run *run, const char *checkpoint,
                              struct floe_error *error) {
  const struct floe_layout *layout = session->dataset->layout;
  const char *algorithm = floe__option_string(session->arguments, "algorithm", "nuts");
  run->chees = strcmp(algorithm, "chees") == 0;
  struct floe_sample_options options = run->chees ? FLOE_CHEES_DEFAULTS : FLOE_SAMPLE_DEFAULTS;
  options.chains = (size_t)floe__option_integer(session->arguments, "chains", (long long)options.chains);
  options.warmup = (size_t)floe__option_integer(session->arguments, "warmup", (long long)options.warmup);
  options.draws = (size_t)floe__option_integer(session->arguments, "draws", (long long)options.draws);
  options.seed = session->seed;
  options.threads = session->threads;
  options.checkpoint = checkpoint;
  options.checkpoint_seconds = 2;
  options.judge = options.draws < draws_that_show_agreement || options.warmup < 20 ? NULL : look_at;
  options.judge_state = run;
  run->options = options;
  floe_status status = make_room(run, layout, error);
  if (status == FLOE_OK)
    status = floe_data_prepare(session->dataset, &session->universe, run->prepared, run->scratch, error);
  if (status != FLOE_OK) return status;
  run->context = (struct floe_context){.layout = layout,
                                       .universe = &session->universe,
                                       .coordinates = FLOE_UNIVERSE_COORDINATES,
                                       .data = run->prepared};
  if (floe__option_given(session->arguments, "fresh")) floe_sample_forget(&options);
  floe__terminal_line_start(&session->line, "sampling", session->quiet);
  const clock_t before = clock();
  status = floe_sample(&run->context, &options, &session->progress, &run->chains, error);
  const double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
  floe__terminal_line_end(&session->line);
  if (status != FLOE_OK && status != FLOE_EINTERRUPTED && status != FLOE_EARTIFACT) floe_sample_forget(&options);
  if (status != FLOE_OK) return status;
  const size_t stride = run->chains->stride;
  if (run->chees || !options.judge) (void)look_at(run, run->chains);
  if (run->chains->n_resumed)
    session_remark(session, NULL, "went on from an interrupted run: %zu of %zu iterations were there",
                   run->chains->n_resumed, options.chains * (options.warmup + options.draws * stride));
  if (run->chains->cautious)
    session_remark(session, NULL,
                   "%zu of %zu transitions diverged: they were dropped, and the chains drew again with smaller steps "
                   "(target acceptance raised to %g)",
                   run->chains->n_dropped, run->n, FLOE_SAMPLE_CAUTIOUS);
  if (stride > 1)
    session_remark(session, NULL,
                   "the chains did not agree after %zu draws each: they went on to %zu, of which one in %zu is kept",
                   options.draws, options.draws * stride, stride);
  if (!floe__option_given(session->arguments, "quiet"))
    fprintf(stderr, "%zu chains, %zu gradients, %.3f s of processor time\n", options.chains, run->chains->n_gradient,
            seconds);
  return FLOE_OK;
}

static floe_status write_chains(struct session *session, const struct run *run, const char *universe,
                                struct floe_error *error) {
  const struct floe_chains *chains = run->chains;
  const struct floe_layout *layout = run->context.layout;
  floe_status status =
      floe__option_string(session->arguments, "output", NULL) ? FLOE_OK : floe__folder_make(session->folder, error);
  for (size_t c = 0; c < chains->n_chain && status == FLOE_OK; c++) {
    char path[STUDY_PATH_LENGTH], kind[32];
    const struct draws_csv draws = {.layout = layout,
                                    .algorithm = "hmc",
                                    .universe = universe,
                                    .seed = session->seed,
                                    .chain = c + 1,
                                    .thin = chains->stride,
                                    .n_draw = chains->n_draw,
                                    .n_column = FLOE_N_SAMPLER_COLUMN,
                                    .column_names = floe_sampler_column_names,
                                    .columns = chains->columns + c * chains->n_draw * FLOE_N_SAMPLER_COLUMN,
                                    .values = run->values + c * chains->n_draw * layout->n_value,
                                    .outputs = run->outputs + c * chains->n_draw * layout->n_output,
                                    .options = &session->universe};
    chain_path(session, universe, c + 1, chains->n_chain, path);
    status = floe__draws_csv_write(&draws, path, error);
    snprintf(kind, sizeof kind, "chain_%zu", c + 1);
    if (status == FLOE_OK) session_file(session, kind, path);
  }
  return status;
}

static json_t *summarise(const struct run *run, size_t k) {
  const size_t stride = run->context.layout->n_output;
  const struct floe_convergence convergence = run->convergence[k];
  double *column = run->column;
  for (size_t i = 0; i < run->n; i++) column[i] = run->outputs[i * stride + k];
  double mean = 0, variance = 0;
  for (size_t i = 0; i < run->n; i++) mean += column[i] / (double)run->n;
  for (size_t i = 0; i < run->n; i++) variance += (column[i] - mean) * (column[i] - mean) / (double)(run->n - 1);
  json_t *summary = json_object();
  json_object_set_new(summary, "mean", result_real(mean));
  json_object_set_new(summary, "median", result_real(floe_quantile(run->n, column, 0.5)));
  json_object_set_new(summary, "sd", result_real(sqrt(variance)));
  json_object_set_new(summary, "q5", result_real(floe_quantile(run->n, column, 0.05)));
  json_object_set_new(summary, "q95", result_real(floe_quantile(run->n, column, 0.95)));
  json_object_set_new(summary, "ess_bulk", result_real(convergence.ess_bulk));
  json_object_set_new(summary, "ess_tail", result_real(convergence.ess_tail));
  const struct floe_chains *chains = run->chains;
  const double nested =
      run->chees ? floe_nested_rhat(column, 1, chains->n_superchain, chains->n_chain, chains->n_draw) : 0;
  json_object_set_new(summary, "rhat", result_real(run->chees ? nested : convergence.rhat));
  return summary;
}

/* Gates over all quantities that vary: for a few chains, or for many. */
static void judge(const struct run *run, const json_t *summaries, struct floe_gates *gates) {
  const struct floe_chains *chains = run->chains;
  double rhat = 1, bulk = INFINITY, tail = INFINITY;
  const char *name;
  const json_t *summary;
  json_object_foreach((json_t *)summaries, name, summary) {
    if (isnan(result_number(summary, "rhat"))) continue;
    rhat = fmax(rhat, result_number(summary, "rhat"));
    bulk = fmin(bulk, result_number(summary, "ess_bulk"));
    tail = fmin(tail, result_number(summary, "ess_tail"));
  }
  const double least = run->chees ? 400 : 100 * (double)chains->n_chain;
  floe_gates_at_most(gates, run->chees ? "nested R-hat" : "R-hat", rhat, FLOE_RHAT_AGREES, FLOE_FAIL);
  floe_gates_at_least(gates, "bulk ESS", bulk, least, FLOE_WARN);
  floe_gates_at_least(gates, "tail ESS", tail, least, FLOE_WARN);
  floe_gates_at_most(gates, "divergences", (double)chains->n_divergent, 0,
                     diverges(run, chains) ? FLOE_FAIL : FLOE_WARN);
  if (!run->chees)
    floe_gates_at_least(
        gates, "E-BFMI",
        floe_ebfmi(chains->columns + FLOE_ENERGY, FLOE_N_SAMPLER_COLUMN, chains->n_chain, chains->n_draw), 0.3,
        FLOE_WARN);
}

/* Where the chains disagree: which parameters neither prior nor data may bound. */
static void suspect_improper(struct session *session, const struct run *run, const struct floe_gates *gates) {
  const struct floe_layout *layout = run->context.layout;
  const struct floe_gate *rhat = floe_gates_find(gates, run->chees ? "nested R-hat" : "R-hat");
  for (size_t v = 0; rhat && rhat->verdict == FLOE_FAIL && v < session->model->n_variable; v++) {
    const struct floe_variable *variable = &session->model->variables[v];
    double farthest = 0;
    if (!variable->improper || !floe_variable_present(session->model, &session->universe, v)) continue;
    for (size_t i = 0; i < run->n; i++)
      for (size_t k = 0; k < layout->count[v]; k++)
        farthest = fmax(farthest, fabs(run->values[i * layout->n_value + layout->offset[v] + k]));
    session_remark(session, "improper",
                   "the chains do not agree, and the prior of `%s` is improper (draws as far out as %.2g): do the data bound it, and "
                   "can it be told from the other parameters?",
                   variable->name, farthest);
  }
}

/* What did not pass. */
static void print_gates(const struct floe_gates *gates, struct floe__text *out) {
  for (size_t k = 0; k < gates->n; k++) {
    const struct floe_gate *gate = &gates->gate[k];
    if (gate->verdict != FLOE_PASS)
      floe__text_printf(out, "  %s: %s (%.4g, threshold %.4g)\n", floe_verdict_name(gate->verdict), gate->name,
                        gate->value, gate->threshold);
  }
}

static void print_summary(const struct session *session, const struct run *run, const json_t *summaries,
                          const struct floe_gates *gates, const char *universe) {
  const bool chees = run->chees;
  struct floe__text out = {0};
  struct table table;
  const char *name;
  const json_t *summary;
  floe__text_printf(&out, "%s  %s, universe %s: %s", result_text(session->answer, "verdict"), session->model->name,
                    universe, chees ? "ChEES-HMC" : "NUTS");
  if (run->chains->cautious) floe__text_printf(&out, ", target acceptance raised to %g", FLOE_SAMPLE_CAUTIOUS);
  if (run->chains->stride > 1) floe__text_printf(&out, ", one transition in %zu kept", run->chains->stride);
  floe__text_puts(&out, "; 90% intervals\n");
  print_gates(gates, &out);
  table_start(&table, "quantity", "mean", "sd", "5%", "median", "95%", "ESS bulk", "ESS tail",
              chees ? "nested R-hat" : "R-hat", NULL);
  json_object_foreach((json_t *)summaries, name, summary) {
    static const char *const keys[] = {"mean", "sd", "q5", "median", "q95"};
    table_word(&table, name);
    for (size_t k = 0; k < 5; k++) table_number(&table, "%.4g", result_number(summary, keys[k]));
    table_number(&table, "%.0f", result_number(summary, "ess_bulk"));
    table_number(&table, "%.0f", result_number(summary, "ess_tail"));
    table_number(&table, "%.3f", result_number(summary, "rhat"));
  }
  table_end(&table, false, &out);
  if (out.data) fputs(out.data, stdout);
  floe__text_free(&out);
}

static floe_status summarise_all(struct session *session, const struct run *run, const char *universe) {
  const struct floe_layout *layout = run->context.layout;
  json_t *summaries = json_object(), *claims = json_object();
  struct floe_gates gates = {0};
  for (size_t k = 0; k < study_quantity_count(layout); k++) {
    char name[256];
    study_quantity_name(session, k, name, sizeof name);
    json_object_set_new(summaries, name, summarise(run, k));
  }
  for (size_t c = 0; c < session->model->n_claim; c++) {
    double p = 0;
    for (size_t i = 0; i < run->n; i++)
      p += run->outputs[i * layout->n_output + study_quantity_count(layout) + c] / (double)run->n;
    json_object_set_new(claims, session->model->claims[c].text, json_real(p));
  }
  judge(run, summaries, &gates);
  suspect_improper(session, run, &gates);
  study_gates_set(session->answer, &gates);
  if (!session->json) print_summary(session, run, summaries, &gates, universe);
  const char *text;
  json_t *p;
  json_object_foreach(claims, text, p) if (!session->json) printf("  P(%s) = %.3f\n", text, json_number_value(p));
  json_object_set_new(session->answer, "result",
                      json_pack("{s:s, s:s, s:b, s:I, s:o, s:o}", "universe", universe, "method", "mcmc",
                                "smaller_steps", (int)run->chains->cautious, "transitions_per_draw",
                                (json_int_t)run->chains->stride, "summaries", summaries, "claims", claims));
  return floe_gates_verdict(&gates) == FLOE_FAIL ? FLOE_EGATE : FLOE_OK;
}

/* With --evidence: in the result, and as a line. */
static floe_status add_evidence(struct session *session, const struct run *run, struct floe_error *error) {
  struct floe_evidence evidence;
  const char *name;
  const json_t *summary;
  json_t *result = json_object_get(session->answer, "result");
  double ess = (double)run->n;
  json_object_foreach(json_object_get(result, "summaries"), name, summary) {
    const double bulk = result_number(summary, "ess_bulk");
    if (bulk < ess) ess = bulk;
  }
  const floe_status status =
      floe_bridge(&run->context, run->chains, ess / (double)run->n, session->seed, &evidence, error);
  if (status != FLOE_OK) return status;
  json_object_set_new(result, "log_evidence",
                      json_pack("{s:f, s:f}", "value", evidence.log_evidence, "error", evidence.error));
  if (!session->json)
    printf("  log evidence %.3f, standard error %.3f (bridge sampling)\n", evidence.log_evidence, evidence.error);
  return FLOE_OK;
}

/* With --loo and --predict. */
static floe_status add_predictive(struct session *session, const struct run *run, const char *universe,
                                  struct floe_error *error) {
  const struct posterior_draws draws = {&run->context, universe, run->chains->n_chain, run->chains->n_draw, run->values};
  const size_t n = (size_t)floe__option_integer(session->arguments, "predict", 0);
  floe_status status = FLOE_OK;
  if (floe__option_given(session->arguments, "loo")) status = leave_out(session, &draws, error);
  if (status == FLOE_OK && n) status = predict(session, &draws, n, error);
  return status;
}

floe_status verb_sample(struct session *session, struct floe_error *error) {
  struct run run = {0};
  char universe[512], checkpoint[STUDY_PATH_LENGTH];
  floe_universe_id(session->model, &session->universe, universe, sizeof universe);
  const bool evidence = floe__option_given(session->arguments, "evidence");
  floe_status status = evidence ? floe_evidence_defined(session->model, &session->universe, error) : FLOE_OK;
  if (status == FLOE_OK) status = checkpoint_path(session, universe, checkpoint, error);
  if (status == FLOE_OK) status = run_chains(session, &run, checkpoint, error);
  if (status == FLOE_OK) status = write_chains(session, &run, universe, error);
  if (status == FLOE_OK) floe_sample_forget(&run.options);
  if (status == FLOE_OK) status = summarise_all(session, &run, universe);
  if (evidence && (status == FLOE_OK || status == FLOE_EGATE)) {
    const floe_status added = add_evidence(session, &run, error);
    if (added != FLOE_OK) status = added;
  }
  if (status == FLOE_OK || status == FLOE_EGATE) {
    const floe_status added = add_predictive(session, &run, universe, error);
    if (added != FLOE_OK) status = added;
  }
  run_free(&run);
  return status;
}
