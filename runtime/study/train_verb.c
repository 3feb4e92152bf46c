/* train_verb.c: simulate and train; resumes where an earlier run was interrupted. With --finetune: go on, for the data
 * at hand. */
#include <jansson.h>
#include <stdio.h>

#include "runtime/report/results.h"
#include "runtime/study/artifacts.h"
#include "runtime/study/datasets.h"
#include "runtime/study/verbs.h"
#include "runtime/trust/finetune.h"

static json_t *state_json(const struct floe_finetune_state *state) {
  return json_pack("{s:o, s:o, s:o}", "ess", result_real(state->ess), "khat", result_real(state->khat), "loss",
                   result_real(state->loss));
}

/* training.json says what came of it, and the network's file holds the better one. */
static floe_status keep(struct session *session, const struct floe_network *better,
                        const struct floe_finetune_result *result, struct floe_error *error) {
  char path[STUDY_PATH_LENGTH];
  json_t *training = study_training(session);
  json_t *tuned = json_pack("{s:b, s:I, s:I, s:o, s:o}", "kept", better != NULL, "steps", (json_int_t)result->steps,
                            "questions", (json_int_t)result->n_context, "before", state_json(&result->before), "after",
                            state_json(&result->after));
  json_object_set(session->answer, "result", tuned);
  if (!json_is_object(training)) json_decref(training), training = json_object();
  json_object_set_new(training, "finetuned", tuned);
  session_path(session, "network", path);
  floe_status status = better ? floe_network_save(better, path, error) : FLOE_OK;
  if (status == FLOE_OK && better) {
    json_object_set_new(training, "loss", result_real(floe_network_info(better).loss));
    status = study_json_write(session, "training.json", training, error);
  }
  json_decref(training);
  return status;
}

static floe_status tune(struct session *session, const struct floe_network *network, struct floe_error *error) {
  struct study_datasets datasets;
  struct floe_network *better = NULL;
  struct floe_finetune_result result;
  floe_status status = study_datasets_read(session, "finetune", false, &datasets, error);
  if (status == FLOE_OK) {
    const struct floe_finetune_options options = {
        .seed = session->seed,
        .n_thread = session->threads,
        .steps = (size_t)floe__option_integer(session->arguments, "finetune-steps", 0),
        .universe = floe__option_given(session->arguments, "dedicated") ? &session->universe : NULL,
        .dataset = session->dataset ? session->dataset : datasets.all[0],
        .datasets = datasets.all,
        .n_dataset = datasets.n};
    floe__terminal_line_start(&session->line, "fine-tuning", session->quiet);
    status = floe_network_finetune(network, &options, &session->progress, &better, &result, error);
    floe__terminal_line_end(&session->line);
  }
  if (status == FLOE_OK) status = keep(session, better, &result, error);
  study_datasets_drop(&datasets);
  if (status == FLOE_OK && !session->json) {
    if (better)
      printf(
          "pass  fine-tuned: effective draws %.1f%% -> %.1f%% on %zu question%s, worst k-hat %.2f -> %.2f; held-out loss "
          "%.3f -> %.3f\n",
          100 * result.before.ess, 100 * result.after.ess, result.n_context, result.n_context == 1 ? "" : "s",
          result.before.khat, result.after.khat, result.before.loss, result.after.loss);
    else
      printf(
          "warn  not fine-tuned: no round had more effective draws than %.1f%% without losing elsewhere; the network stays\n",
          100 * result.before.ess);
  }
  floe_network_free(better);
  return status;
}

static bool selects(const struct session *session) {
  return floe__option_given(session->arguments, "only") || floe__option_given(session->arguments, "at");
}

floe_status verb_train(struct session *session, struct floe_error *error) {
  struct floe_network *network = NULL;
  bool trained;
  const bool tunes = floe__option_given(session->arguments, "finetune");
  if (floe__option_given(session->arguments, "finetune-steps") && !tunes)
    return floe__fail(error, FLOE_EUSAGE, "--finetune-steps", "name the data: --finetune FILE",
                      "there is nothing to fine-tune for");
  if (selects(session) && !floe__option_given(session->arguments, "dedicated"))
    session_remark(session, "universe",
                   "the network learns all universes (with --dedicated that of --only and --at alone)");
  if (session->dry_run) {
    printf("would train the network of %s into %s%s\n", session->model->name, session->folder,
           tunes ? ", and fine-tune it" : "");
    return FLOE_OK;
  }
  floe_status status = study_network(session, true, &network, &trained, error);
  if (status == FLOE_OK && !session->json)
    printf(trained ? "pass  trained: %s/network\n" : "pass  up to date: %s/network (--fresh trains anew)\n",
           session->folder);
  if (status == FLOE_OK && tunes) status = tune(session, network, error);
  floe_network_free(network);
  if (status != FLOE_OK) return status;
  json_t *result = json_pack("{s:b, s:o}", "trained", trained, "network", study_training(session));
  if (tunes) json_object_set(result, "finetuned", json_object_get(session->answer, "result"));
  json_object_set_new(session->answer, "result", result);
  json_array_append_new(json_object_get(session->answer, "next"), json_string("floe verify SPEC"));
  return FLOE_OK;
}
