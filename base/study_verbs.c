#include "base/study_verbs.h"

#define STUDY                                                                                                          \
  {                                                                                                                    \
    .name = "study", .argument = "FOLDER", .help = "where the study's artifacts are kept (default: NAME.study)",       \
    .kind = FLOE__STRING                                                                                               \
  }
#define UNIVERSES                                                                                                      \
  {                                                                                                                    \
    .name = "universes", .argument = "N", .help = "how many universes to answer for (default 100)",                    \
    .kind = FLOE__INTEGER, .low = 1, .high = 100000                                                                    \
  }
#define GRID                                                                                                           \
  { .name = "grid", .help = "the full product of the axes, continuous ones at 3 points", .kind = FLOE__FLAG }
#define RUNGS                                                                                                          \
  {                                                                                                                    \
    .name = "rungs", .argument = "N",                                                                                  \
    .help = "rungs of the ladder of trust: 1 network, 2 weights, 3 MCMC (default 3)", .kind = FLOE__INTEGER, .low = 1, \
    .high = 3                                                                                                          \
  }
#define LEAVE_OUT                                                                                                      \
  {                                                                                                                    \
    .name = "loo", .help = "leave out observations (PSIS-LOO): which universes predict them best",                     \
    .kind = FLOE__FLAG                                                                                                 \
  }
#define DRAWS                                                                                                          \
  {                                                                                                                    \
    .name = "draws", .argument = "N", .help = "posterior draws per universe (default 2000)", .kind = FLOE__INTEGER,    \
    .low = 100, .high = 1000000                                                                                        \
  }
#define COLUMNS                                                                                                        \
  {                                                                                                                    \
    .name = "columns", .argument = "NAME=COLUMN,...", .help = "read a variable from these columns of the data",        \
    .kind = FLOE__STRINGS                                                                                              \
  }
#define SIMULATIONS                                                                                                    \
  {                                                                                                                    \
    .name = "simulations", .argument = "N", .help = "simulations to train on (default: the study's own)",              \
    .kind = FLOE__INTEGER, .low = 1000, .high = 1e9                                                                    \
  }
#define FRESH                                                                                                          \
  { .name = "fresh", .help = "start anew, even where an artifact or a checkpoint exists", .kind = FLOE__FLAG }
#define UNLABELLED                                                                                                     \
  {                                                                                                                    \
    .name = "unlabelled", .argument = "FILE",                                                                          \
    .help = "data to train for as well: the network is held against the density there; may repeat",                   \
    .kind = FLOE__STRINGS                                                                                              \
  }
#define FINETUNE                                                                                                       \
  {                                                                                                                    \
    .name = "finetune", .argument = "FILE",                                                                            \
    .help = "data to go on training for, by weighted draws of the network; may repeat", .kind = FLOE__STRINGS          \
  }
#define FINETUNE_STEPS                                                                                                 \
  {                                                                                                                    \
    .name = "finetune-steps", .argument = "N", .help = "steps of --finetune (default 500)", .kind = FLOE__INTEGER,     \
    .low = 10, .high = 1e6                                                                                             \
  }
#define CALIBRATION                                                                                                    \
  {                                                                                                                    \
    .name = "calibration", .argument = "N", .help = "fresh simulations to verify the network on (default 500)",        \
    .kind = FLOE__INTEGER, .low = 100, .high = 100000                                                                  \
  }

static const struct floe__option run_options[] = {UNIVERSES,   GRID,    RUNGS, DRAWS, LEAVE_OUT, SIMULATIONS,
                                                  CALIBRATION, COLUMNS, FRESH, STUDY, {0}};
static const struct floe__option multiverse_options[] = {UNIVERSES, GRID, RUNGS, DRAWS, LEAVE_OUT, COLUMNS, STUDY, {0}};
static const struct floe__option infer_options[] = {
    RUNGS,
    DRAWS,
    COLUMNS,
    {.name = "group",
     .argument = "COLUMN",
     .help = "a data set for each word in this column of the data; --output then names a folder",
     .kind = FLOE__STRING},
    STUDY,
    {0}};
static const struct floe__option train_options[] = {
    SIMULATIONS,
    UNLABELLED,
    FINETUNE,
    FINETUNE_STEPS,
    COLUMNS,
    FRESH,
    STUDY,
    {.name = "dedicated",
     .help = "train for one universe only, that of --only and --at (default: the reference)",
     .kind = FLOE__FLAG},
    {0}};
static const struct floe__option verify_options[] = {
    CALIBRATION,
    COLUMNS,
    STUDY,
    {.name = "losses",
     .argument = "N",
     .help = "write -log q of the truth for N fresh simulations of one universe to --output",
     .kind = FLOE__INTEGER,
     .low = 100,
     .high = 1e7},
    {0}};
static const struct floe__option universes_options[] = {UNIVERSES, GRID, STUDY, {0}};
static const struct floe__option simulate_options[] = {{.name = "draws",
                                                        .argument = "N",
                                                        .help = "how many simulations (default 1000)",
                                                        .kind = FLOE__INTEGER,
                                                        .letter = 'n',
                                                        .low = 1,
                                                        .high = 1e8},
                                                       COLUMNS,
                                                       STUDY,
                                                       {0}};
static const struct floe__option sample_options[] = {
    {.name = "algorithm",
     .argument = "NAME",
     .help = "nuts: a few long chains; chees: many short ones in lockstep (default nuts)",
     .kind = FLOE__STRING,
     .choices = "nuts|chees"},
    {.name = "chains",
     .argument = "N",
     .help = "chains (default 4; chees: 64, a multiple of 16)",
     .kind = FLOE__INTEGER,
     .low = 1,
     .high = 1024},
    {.name = "warmup",
     .argument = "N",
     .help = "warm-up iterations per chain (default 1000; chees: 200)",
     .kind = FLOE__INTEGER,
     .low = 50,
     .high = 1e8},
    {.name = "draws",
     .argument = "N",
     .help = "draws per chain (default 1000; chees: 100)",
     .kind = FLOE__INTEGER,
     .low = 10,
     .high = 1e8},
    FRESH,
    {.name = "evidence", .help = "also the logarithm of the evidence, by bridge sampling", .kind = FLOE__FLAG},
    {.name = "predict",
     .argument = "N",
     .help = "also N data sets as the posterior predicts them, and how the data compare with them",
     .kind = FLOE__INTEGER,
     .low = 10,
     .high = 1e8},
    {.name = "loo",
     .help = "also how well left out observations are predicted: PSIS-LOO and WAIC",
     .kind = FLOE__FLAG},
    COLUMNS,
    STUDY,
    {0}};
static const struct floe__option elicit_options[] = {
    {.name = "restarts", .argument = "N", .help = "searches from other starts (default 5)", .kind = FLOE__INTEGER, .low = 1, .high = 64},
    COLUMNS,
    STUDY,
    {0}};
static const struct floe__option report_options[] = {{.name = "format",
                                                      .argument = "FORMAT",
                                                      .help = "terminal, html, md or json (default terminal)",
                                                      .kind = FLOE__STRING,
                                                      .choices = "terminal|html|md|json"},
                                                     STUDY,
                                                     {0}};
static const struct floe__option study_options[] = {STUDY, {0}};
static const struct floe__option selftest_options[] = {STUDY, COLUMNS, {0}};

const struct floe__verb floe__study_verbs[] = {
    {.name = "run",
     .arguments = "DATA",
     .summary = "train, verify, answer in all universes and report: whatever is missing",
     .options = run_options},
    {.name = "universes", .arguments = "", .summary = "list the universes", .options = universes_options},
    {.name = "selftest",
     .arguments = "[DATA]",
     .summary = "check simulator, density, gradient and transforms against each other",
     .options = selftest_options},
    {.name = "elicit",
     .arguments = "[DATA]",
     .summary = "hyper values from what the `elicit` statements say, and how well they match it",
     .options = elicit_options},
    {.name = "simulate",
     .arguments = "[DATA]",
     .summary = "prior predictive draws, and the spec's checks",
     .options = simulate_options},
    {.name = "train",
     .arguments = "[DATA]",
     .summary = "simulate and train the network; resumes",
     .options = train_options},
    {.name = "verify",
     .arguments = "[DATA]",
     .summary = "calibration, recovery and coverage of the network",
     .options = verify_options},
    {.name = "sample",
     .arguments = "DATA",
     .summary = "MCMC in one universe (NUTS or ChEES-HMC)",
     .options = sample_options},
    {.name = "infer",
     .arguments = "DATA",
     .summary = "the ladder of trust for one universe (--only, --at)",
     .options = infer_options},
    {.name = "multiverse",
     .arguments = "DATA",
     .summary = "claims and sensitivity over all universes",
     .options = multiverse_options},
    {.name = "report",
     .arguments = "",
     .summary = "the last results again, in another format",
     .options = report_options},
    {.name = "status",
     .arguments = "",
     .summary = "which artifacts exist, and whether they are current",
     .options = study_options},
    {.name = "clean", .arguments = "", .summary = "remove the study's artifacts", .options = study_options},
    {0},
};
