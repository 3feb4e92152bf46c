/* train_verb.c: simulate and train; resumes where an earlier run was interrupted. */
#include <jansson.h>
#include <stdio.h>

#include "runtime/study/artifacts.h"
#include "runtime/study/verbs.h"

floe_status verb_train(struct session *session, struct floe_error *error) {
  struct floe_network *network = NULL;
  bool trained;
  if (session->dry_run) {
    printf("would train the network of %s into %s\n", session->model->name, session->folder);
    return FLOE_OK;
  }
  const floe_status status = study_network(session, true, &network, &trained, error);
  floe_network_free(network);
  if (status != FLOE_OK) return status;
  json_object_set_new(session->answer, "result",
                      json_pack("{s:b, s:o}", "trained", trained, "network", study_training(session)));
  json_array_append_new(json_object_get(session->answer, "next"), json_string("floe verify SPEC"));
  if (!session->json)
    printf(trained ? "pass  trained: %s/network\n" : "pass  up to date: %s/network (--fresh trains anew)\n",
           session->folder);
  return FLOE_OK;
}
