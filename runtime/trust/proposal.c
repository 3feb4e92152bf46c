#include "runtime/trust/proposal.h"

static floe_status network_draw(void *state, const struct floe_proposal_ask *ask, double *coordinates, double *log_q,
                                double *distance, struct floe_error *error) {
  const struct floe_network *network = state;
  const struct floe_network_ask question = {.n_context = ask->n_context,
                                            .contexts = ask->contexts,
                                            .n = ask->n,
                                            .seed = ask->seed,
                                            .units = ask->units,
                                            .member = FLOE_NONE,
                                            .n_thread = ask->threads};
  const floe_status status = floe_network_draw(network, &question, coordinates, log_q, error);
  return status == FLOE_OK && distance ? floe_network_distance(network, &question, distance, error) : status;
}

struct floe_proposal floe_proposal_of_network(const struct floe_network *network) {
  /* The state is read only; the cast merely fits it into the interface. */
  return (struct floe_proposal){.state = (void *)(uintptr_t)network,
                                .n_member = floe_network_info(network).n_member,
                                .pattern = floe_network_info(network).pattern,
                                .distance_threshold = floe_network_distance_quantile(network, 0.95),
                                .no_density = floe_network_info(network).no_density,
                                .draw = network_draw};
}
