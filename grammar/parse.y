/* parse.y: the language. Actions only call tree constructors; what a word means where it stands was settled by
 * compiler/syntax/tokens.c, so that the grammar is LALR(1) without conflicts. */

%require "3.8"
%define api.pure full
%define api.prefix {grammar_}
%define api.token.prefix {TOK_}
%define api.value.type union
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%define lr.default-reduction accepting
%expect 0
%locations
%parse-param {struct parser *p}
%lex-param {struct parser *p}

%code requires {
#include "compiler/syntax/build.h"
}

%code provides {
/* A token kind as users know it. */
const char *parser_token_words(int kind);
}

%code {
static int grammar_lex(GRAMMAR_STYPE *value, struct span *span, struct parser *p);
static void grammar_error(struct span *span, struct parser *p, const char *message);

#define YYMAXDEPTH 20000
#define YYLLOC_DEFAULT(whole, rhs, n)                                                          \
  do {                                                                                         \
    if (n) (whole) = span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n));                            \
    else (whole) = (struct span){YYRHSLOC(rhs, 0).file, YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end}; \
  } while (0)
}

%initial-action { @$ = (struct span){p->source, 0, 0}; }

%token END 0 "the end of the file"
%token NEWLINE "the end of the line"
%token <const char *> NAME "a name" STRING "a string" LABEL "an option" RATE "a rate of change"
%token <struct token> NUMBER "a number"
%token MODEL "`model`" USE "`use`" INDEX "`index`" DATA "`data`" PARAM "`param`" LATENT "`latent`" OBS "`obs`"
%token AXIS "`axis`" EQUIV "`equiv`" CHOOSE "`choose`" FORBID "`forbid`" REQUIRE "`require`" PREP "`prep`" SUMMARY "`summary`"
%token REPORT "`report`" CLAIM "`claim`" CHECK "`check`" FUN "`fun`" PART "`part`" DIST "`dist`" EXTERN "`extern`" DRAW "`draw`"
%token ODE "`ode`" INIT "`init`" AT "`at`"
%token HYPER "`hyper`" ELICIT "`elicit`"
%token SIM "`sim`" WHILE "`while`" LIMIT "`limit`" DENSITY "`density`" UP_TO_CONSTANT "`up_to_constant`"
%token NETWORK "`network`" VAR "`var`" RESULT "`result`" FOR "`for`" IF "`if`" ELSE "`else`"
%token CENSORED "`censored`" BELOW "`below`" ABOVE "`above`" MISSING "`missing`"
%token ORDERED "`ordered`" LOG "`log`" PROB "`prob`" AS "`as`" DERIVATIVE "`derivative`" ADJOINT "`adjoint`"
%token AND "`and`" OR "`or`" NOT "`not`" IN "`in`" ON "`on`" VIA "`via`" WITH "`with`"
%token DOTDOT "`..`" ASSIGN "`:=`" IMPLIES "`=>`" ARROW "`->`" EQ "`==`" NE "`!=`" LE "`<=`" GE "`>=`"
%token '+' "`+`" '-' "`-`" '*' "`*`" '/' "`/`" '^' "`^`" '<' "`<`" '>' "`>`" '=' "`=`" '~' "`~`" ':' "`:`"
%token ',' "`,`" ';' "`;`" '|' "`|`" '@' "`@`" '(' "`(`" ')' "`)`" '[' "`[`" ']' "`]`" '{' "`{`" '}' "`}`"

%nterm <struct expr *> expr conjunction negation comparison chain scaled sum term unary power postfix primary
%nterm <struct expr *> range open_range bound within index_item formal_index argument literal distribution
%nterm <struct expr *> condition condition_and condition_not condition_leaf condition_operand
%nterm <struct expr_list> exprs levels more_exprs arguments index_items formal_indices
%nterm <struct expr *> indices formal_index_list index_size derivative probability weight
%nterm <enum operator_kind> comparator
%nterm <struct type_expr *> type type_name result_type
%nterm <struct parameter_list> parameters parameter_list part_parameters
%nterm <struct parameter *> outputs
%nterm <struct statement *> density targets target
%nterm <struct parameter *> parameter formals part_parameter part_formals
%nterm <struct option *> axis_option value_option block_option alternative
%nterm <struct option_list> axis_options value_options block_options alternatives
%nterm <const char *> label title symbol adjoint
%nterm <struct via> via
%nterm <bool> exact missing as_latent ordered star logarithmic axis_word
%nterm <struct censoring_text> censoring
%nterm <enum statement_kind> hidden
%nterm <struct statement *> statement if_statement otherwise block methods_block settings_block method setting
%nterm <struct statement *> report_item extern_word axis_body
%nterm <struct statement_list> lines line method_lines method_line setting_lines setting_line report_items

%%

file: lines { p->statements = build_outermost(p, $lines.first); };

lines:
  line
| lines NEWLINE line { $$ = build_statements($1, $3); }
;

line:
  %empty        { $$ = (struct statement_list){NULL, NULL}; }
| statement     { $$ = (struct statement_list){$1, $1}; }
| REPORT report_items { $$ = build_reports($2, @$); }
| error         { yyerrok; struct statement *broken = statement_new(p->arena, STATEMENT_ERROR, @$);
                  $$ = (struct statement_list){broken, broken}; }
;

block: '{' lines '}' { $$ = $lines.first; };

/* ---- statements ---- */

statement:
  MODEL NAME title                   { $$ = build_named(p, STATEMENT_MODEL, @$, $2, @2); $$->text = $3; }
| USE NAME                           { $$ = build_named(p, STATEMENT_USE, @$, $2, @2); }
| PART NAME indices part_formals block
    { $$ = build_function(p, STATEMENT_PART, @$, $2, @2, $5); $$->indices = $3; $$->parameters = $4; }
| INDEX NAME index_size ordered      { $$ = build_valued(p, STATEMENT_INDEX, @$, $2, @2, $3); $$->ordered = $4; }
| DATA NAME indices result_type as_latent distribution
    { $$ = build_declaration(p, STATEMENT_DATA, @$, $2, @2, $3, $4, $6); $$->missing = $5; }
| OBS NAME indices result_type censoring missing distribution
    { $$ = build_declaration(p, STATEMENT_OBS, @$, $2, @2, $3, $4, $7);
      $$->missing = $6;
      $$->below = $5.below; $$->above = $5.above; $$->censoring_span = @5; }
| hidden NAME indices result_type distribution via
    { $$ = build_declaration(p, $1, @$, $2, @2, $3, $4, $5); $$->via = $6.name; $$->via_span = $6.span; }
| NAME indices '~' expr              { $$ = build_valued(p, STATEMENT_SAMPLE, @$, $1, @1, $4); $$->indices = $2; }
| '(' targets ')' '~' expr           { $$ = build_targets($2, @$, $5); }
| NAME indices '=' expr              { $$ = build_valued(p, STATEMENT_DEFINE, @$, $1, @1, $4); $$->indices = $2; }
| VAR NAME indices '=' expr          { $$ = build_valued(p, STATEMENT_VAR, @$, $2, @2, $5); $$->indices = $3; }
| NAME indices ASSIGN expr           { $$ = build_valued(p, STATEMENT_ASSIGN, @$, $1, @1, $4); $$->indices = $2; }
| FOR NAME IN NAME block             { $$ = build_for(p, @$, $2, @2, $4, NULL, $5); }
| FOR NAME IN NAME '[' index_item ']' block { $$ = build_for(p, @$, $2, @2, $4, $6, $8); }
| WHILE expr block                   { $$ = build_while(p, @$, $2, NULL, $3); }
| WHILE expr LIMIT NUMBER block      { $$ = build_while(p, @$, $2, build_number(p, $4), $5); }
| if_statement
| axis_word NAME title axis_body     { $$ = build_axis($4, @$, $1, $2, @2, $3); }
| CHOOSE NAME '{' block_options '}'
    { $$ = build_named(p, STATEMENT_CHOOSE, @$, $2, @2); $$->options = $4.first; }
| CHOOSE NAME '{' error '}'          { yyerrok; $$ = build_named(p, STATEMENT_ERROR, @$, $2, @2); }
| FORBID condition                   { $$ = build_valued(p, STATEMENT_FORBID, @$, NULL, @1, $2); }
| REQUIRE condition IMPLIES condition
    { $$ = build_valued(p, STATEMENT_REQUIRE, @$, NULL, @1, $2); $$->consequence = $4; }
| PREP NAME '=' expr                 { $$ = build_valued(p, STATEMENT_PREP, @$, $2, @2, $4); }
| SUMMARY NAME indices '=' expr      { $$ = build_valued(p, STATEMENT_SUMMARY, @$, $2, @2, $5); $$->indices = $3; }
| CLAIM STRING ':' expr              { $$ = build_valued(p, STATEMENT_CLAIM, @$, NULL, @2, $4); $$->text = $2; }
| CHECK STRING ':' expr probability
    { $$ = build_valued(p, STATEMENT_CHECK, @$, NULL, @2, $4); $$->text = $2; $$->probability = $5; }
| FUN NAME formals result_type '=' expr
    { $$ = build_valued(p, STATEMENT_FUN, @$, $2, @2, $6); $$->parameters = $3; $$->type = $4; }
| FUN NAME formals result_type block
    { $$ = build_function(p, STATEMENT_FUN, @$, $2, @2, $5); $$->parameters = $3; $$->type = $4; }
| DIST NAME formals ON type methods_block
    { $$ = build_named(p, STATEMENT_DIST, @$, $2, @2); $$->parameters = $3; $$->type = $5; $$->body = $6; }
| EXTERN extern_word NAME formals result_type symbol derivative adjoint
    { $$ = build_extern($2, @$, $3, @3, $4, $5); $$->text = $6; $$->value = $7; $$->adjoint = $8; }
| SIM NAME formals ARROW outputs block density
    { $$ = build_sim($7, @$, $2, @2, $3, $5); $$->body = $6; }
| EXTERN SIM NAME formals ARROW outputs symbol density
    { $$ = build_sim($8, @$, $3, @3, $4, $6); $$->foreign = true; $$->text = $7; }
| ODE NAME indices AT NAME '[' index_items ']' block
    { $$ = build_ode(p, @$, $2, @2, build_name(p, $5, @5), $7.first, $9); $$->indices = $3; }
| RATE '=' expr                      { $$ = build_valued(p, STATEMENT_RATE, @$, $1, @1, $3); }
| INIT NAME '=' expr                 { $$ = build_valued(p, STATEMENT_INIT, @$, $2, @2, $4); }
| HYPER NAME result_type
    { $$ = build_declaration(p, STATEMENT_HYPER, @$, $2, @2, NULL, $3, NULL); }
| ELICIT NAME '(' expr levels ')' '=' expr
    { $$ = build_valued(p, STATEMENT_ELICIT, @$, $2, @2, $4); $$->indices = $5.first; $$->consequence = $8; }
| NETWORK settings_block             { $$ = statement_new(p->arena, STATEMENT_NETWORK, @$); $$->body = $2; }
| RESULT expr                        { $$ = build_valued(p, STATEMENT_RESULT, @$, NULL, @1, $2); }
;

title: %empty { $$ = NULL; } | STRING;

exact: %empty { $$ = false; } | UP_TO_CONSTANT { $$ = true; };

/* An unfinished `sim`: what stands behind its body. */
density:
  %empty                   { $$ = statement_new(p->arena, STATEMENT_SIM, @$); }
| DENSITY exact '=' expr   { $$ = statement_new(p->arena, STATEMENT_SIM, @$); $$->up_to_constant = $2; $$->value = $4; }
| DENSITY exact block      { $$ = statement_new(p->arena, STATEMENT_SIM, @$); $$->up_to_constant = $2; $$->otherwise = $3; }
;

outputs: parameter | '(' parameter_list ')' { $$ = $2.first; };

target: NAME indices { $$ = build_named(p, STATEMENT_SAMPLE, @$, $1, @1); $$->indices = $2; };

targets:
  target ',' target   { $$ = $1; $$->body = $3; }
| targets ',' target  { $$ = $1; build_more_targets($1, $3); }
;

index_size:
  %empty              { $$ = NULL; }
| IN bound            { $$ = $2; }
| IN open_range       { $$ = $2; }
| '=' sum             { $$ = $2; }
;

levels: %empty { $$ = (struct expr_list){NULL, NULL}; } | ';' exprs { $$ = $2; };

ordered: %empty { $$ = false; } | ORDERED { $$ = true; };

censoring:
  %empty                            { $$ = (struct censoring_text){NULL, NULL}; }
| CENSORED BELOW sum                { $$ = (struct censoring_text){$3, NULL}; }
| CENSORED ABOVE sum                { $$ = (struct censoring_text){NULL, $3}; }
| CENSORED BELOW sum ABOVE sum      { $$ = (struct censoring_text){$3, $5}; }
| CENSORED ABOVE sum BELOW sum      { $$ = (struct censoring_text){$5, $3}; }
;

missing: %empty { $$ = false; } | MISSING { $$ = true; };

as_latent: %empty { $$ = false; } | MISSING AS LATENT { $$ = true; };

hidden: PARAM { $$ = STATEMENT_PARAM; } | LATENT { $$ = STATEMENT_LATENT; };

indices: %empty { $$ = NULL; } | '[' index_items ']' { $$ = $2.first; };

distribution: %empty { $$ = NULL; } | '~' expr { $$ = $2; };

via: %empty { $$ = (struct via){NULL, {NULL, 0, 0}}; } | VIA NAME { $$ = (struct via){$2, @2}; };

if_statement: IF expr block otherwise { $$ = build_if(p, @$, $2, $3, $4); };

otherwise:
  %empty              { $$ = NULL; }
| ELSE block          { $$ = $2; }
| ELSE if_statement   { $$ = $2; }
;

report_items:
  report_item                    { $$ = (struct statement_list){$1, $1}; }
| report_items ',' report_item   { $$ = build_statements($1, (struct statement_list){$3, $3}); }
;

report_item:
  expr           { $$ = build_valued(p, STATEMENT_REPORT, @$, NULL, @1, $1); }
| NAME '=' expr  { $$ = build_valued(p, STATEMENT_REPORT, @$, $1, @1, $3); }
;

probability: %empty { $$ = NULL; } | WITH PROB expr { $$ = $3; };

/* ---- axes and choices ---- */

axis_word: AXIS { $$ = false; } | EQUIV { $$ = true; };

axis_body:
  '{' axis_options '}'          { $$ = statement_new(p->arena, STATEMENT_AXIS, @$); $$->options = $2.first; }
| '{' axis_options error '}'    { yyerrok; $$ = statement_new(p->arena, STATEMENT_AXIS, @$); $$->options = $2.first; }
| '=' alternatives              { $$ = statement_new(p->arena, STATEMENT_AXIS, @$); $$->options = $2.first; }
| '=' literal IN logarithmic literal DOTDOT literal
    { $$ = statement_new(p->arena, STATEMENT_AXIS, @$);
      $$->reference = $2; $$->logarithmic = $4; $$->low = $5; $$->high = $7; }
;

logarithmic: %empty { $$ = false; } | LOG { $$ = true; };

literal:
  NUMBER      { $$ = build_number(p, $1); }
| '-' NUMBER  { $$ = build_unary(p, OP_NEG, @$, build_number(p, $2)); }
;

axis_options:
  %empty                           { $$ = (struct option_list){NULL, NULL}; }
| axis_options NEWLINE
| axis_options axis_option         { $$ = build_options($1, $2); }
| axis_options error NEWLINE       { yyerrok; }
;

axis_option:
  alternative
| alternative ':' expr  { $$ = $1; $$->value = $3; $$->span = @$; }
;

alternatives:
  alternative                   { $$ = build_options((struct option_list){NULL, NULL}, $1); }
| alternatives '|' alternative  { $$ = build_options($1, $3); }
;

alternative: NAME star weight { $$ = build_option(p, @$, $1); $$->reference = $2; $$->weight = $3; };

star: %empty { $$ = false; } | '*' { $$ = true; };

weight: %empty { $$ = NULL; } | '@' NUMBER { $$ = build_number(p, $2); };

label: NAME | ELSE { $$ = build_else_label(p); };

value_options:
  %empty                      { $$ = (struct option_list){NULL, NULL}; }
| value_options NEWLINE
| value_options value_option  { $$ = build_options($1, $2); }
;

value_option: label ':' expr { $$ = build_option(p, @$, $1); $$->value = $3; };

block_options:
  block_option                { $$ = build_options((struct option_list){NULL, NULL}, $1); }
| block_options block_option  { $$ = build_options($1, $2); }
;

block_option: LABEL ':' lines { $$ = build_option(p, @$, $1); $$->body = $3.first; };

/* Conditions on axes: here `=` is equality. */

condition:
  condition_and
| condition OR condition_and       { $$ = build_binary(p, OP_OR, $1, $3); }
;

condition_and:
  condition_not
| condition_and AND condition_not  { $$ = build_binary(p, OP_AND, $1, $3); }
;

condition_not:
  condition_leaf
| NOT condition_not                { $$ = build_unary(p, OP_NOT, @$, $2); }
;

condition_leaf:
  '(' condition ')'                { $$ = $2; $$->span = @$; }
| NAME '=' condition_operand       { $$ = build_binary(p, OP_EQ, build_name(p, $1, @1), $3); }
| NAME comparator condition_operand { $$ = build_binary(p, $2, build_name(p, $1, @1), $3); }
;

condition_operand: NAME { $$ = build_name(p, $1, @1); } | literal;

/* ---- functions and distributions ---- */

formals: '(' parameters ')' { $$ = $2.first; };

parameters: %empty { $$ = (struct parameter_list){NULL, NULL}; } | parameter_list;

parameter_list:
  parameter                     { $$ = (struct parameter_list){$1, $1}; }
| parameter_list ',' parameter  { $$ = $1; $$.last->next = $3; $$.last = $3; }
;

part_formals: '(' ')' { $$ = NULL; } | '(' part_parameters ')' { $$ = $2.first; };

part_parameters:
  part_parameter                      { $$ = (struct parameter_list){$1, $1}; }
| part_parameters ',' part_parameter  { $$ = $1; $$.last->next = $3; $$.last = $3; }
;

part_parameter:
  NAME           { $$ = build_parameter(p, @$, $1, NULL, NULL); }
| NAME '=' expr  { $$ = build_parameter(p, @$, $1, NULL, NULL); $$->value = $3; }
;

parameter: NAME formal_index_list result_type { $$ = build_parameter(p, @$, $1, $2, $3); };

formal_index_list: %empty { $$ = NULL; } | '[' formal_indices ']' { $$ = $2.first; };

formal_indices:
  formal_index                     { $$ = (struct expr_list){$1, $1}; }
| formal_indices ',' formal_index  { $$ = build_exprs($1, $3); }
;

formal_index:
  NAME          { $$ = build_name(p, $1, @1); }
| NAME IN NAME  { $$ = build_within(p, @$, build_name(p, $1, @1), build_name(p, $3, @3)); }
;

result_type: %empty { $$ = NULL; } | ':' type { $$ = $2; };

type:
  type_name
| type_name IN range  { $$ = build_bounded($1, @$, $3); }
| IN range            { $$ = build_bounded(build_type(p, @1, "in"), @$, $2); }
| INDEX NAME          { $$ = build_type(p, @$, "index"); $$->index = $2; }
;

type_name:
  NAME                { $$ = build_type(p, @$, $1); }
| NAME '[' exprs ']'  { $$ = build_type(p, @$, $1); $$->sizes = $3.first; }
;

extern_word:
  FUN   { $$ = statement_new(p->arena, STATEMENT_EXTERN, @$); }
| DRAW  { $$ = statement_new(p->arena, STATEMENT_EXTERN, @$); $$->random = true; }
;

symbol: %empty { $$ = NULL; } | AS STRING { $$ = $2; };
derivative: %empty { $$ = NULL; } | DERIVATIVE expr { $$ = $2; };
adjoint: %empty { $$ = NULL; } | ADJOINT STRING { $$ = $2; };

methods_block: '{' method_lines '}' { $$ = $2.first; };

method_lines:
  method_line
| method_lines NEWLINE method_line { $$ = build_statements($1, $3); }
;

method_line:
  %empty  { $$ = (struct statement_list){NULL, NULL}; }
| method  { $$ = (struct statement_list){$1, $1}; }
| error   { yyerrok; $$ = (struct statement_list){NULL, NULL}; }
;

method:
  NAME '=' expr          { $$ = build_valued(p, STATEMENT_METHOD, @$, $1, @1, $3); }
| NAME block             { $$ = build_function(p, STATEMENT_METHOD, @$, $1, @1, $2); }
| NAME formals exact '=' expr
    { $$ = build_valued(p, STATEMENT_METHOD, @$, $1, @1, $5); $$->parameters = $2; $$->up_to_constant = $3; }
| NAME formals exact block
    { $$ = build_function(p, STATEMENT_METHOD, @$, $1, @1, $4); $$->parameters = $2; $$->up_to_constant = $3; }
;

settings_block: '{' setting_lines '}' { $$ = $2.first; };

setting_lines:
  setting_line
| setting_lines NEWLINE setting_line { $$ = build_statements($1, $3); }
;

setting_line:
  %empty   { $$ = (struct statement_list){NULL, NULL}; }
| setting  { $$ = (struct statement_list){$1, $1}; }
| error    { yyerrok; $$ = (struct statement_list){NULL, NULL}; }
;

setting: NAME '=' expr { $$ = build_valued(p, STATEMENT_DEFINE, @$, $1, @1, $3); };

/* ---- expressions, loosest first ---- */

expr: conjunction | expr OR conjunction { $$ = build_binary(p, OP_OR, $1, $3); };

conjunction: negation | conjunction AND negation { $$ = build_binary(p, OP_AND, $1, $3); };

negation: comparison | NOT negation { $$ = build_unary(p, OP_NOT, @$, $2); };

comparison: scaled | chain | within;

chain:
  scaled comparator scaled  { $$ = build_binary(p, $2, $1, $3); }
| chain comparator scaled   { $$ = build_chained(p, @2, $2, $1, $3); }
;

comparator:
  '<' { $$ = OP_LT; }
| LE  { $$ = OP_LE; }
| '>' { $$ = OP_GT; }
| GE  { $$ = OP_GE; }
| EQ  { $$ = OP_EQ; }
| NE  { $$ = OP_NE; }
;

within: scaled IN bound { $$ = build_within(p, @$, $1, $3); };

bound: sum | range;

range: sum DOTDOT sum { $$ = build_range(p, @$, $1, $3); };

open_range: sum DOTDOT { $$ = build_range(p, @$, $1, NULL); };

scaled: sum | sum ON NAME { $$ = build_on(p, @$, $1, $3, @3); };

sum:
  term
| sum '+' term  { $$ = build_binary(p, OP_ADD, $1, $3); }
| sum '-' term  { $$ = build_binary(p, OP_SUB, $1, $3); }
;

term:
  unary
| term '*' unary  { $$ = build_binary(p, OP_MUL, $1, $3); }
| term '/' unary  { $$ = build_binary(p, OP_DIV, $1, $3); }
;

unary: power | '-' unary { $$ = build_unary(p, OP_NEG, @$, $2); };

/* `^` binds tighter than a minus before it and takes one behind it: -x^-y is -(x^(-y)). */
power: postfix | postfix '^' unary { $$ = build_binary(p, OP_POW, $1, $3); };

postfix: primary | postfix '[' index_items ']' { $$ = build_index(p, @$, $1, $3.first); };

primary:
  NUMBER                                  { $$ = build_number(p, $1); }
| NAME                                    { $$ = build_name(p, $1, @1); }
| '(' expr ')'                            { $$ = $2; $$->span = @$; }
| '(' expr ',' exprs ')'                  { $$ = build_sequence(p, EXPR_TUPLE, @$, build_more($2, $4).first); }
| '[' exprs ']'                           { $$ = build_sequence(p, EXPR_ARRAY, @$, $2.first); }
| NAME '(' arguments ')'                  { $$ = build_call(p, @$, $1, @1, $3.first); }
| NAME '(' expr ':' expr ')'              { $$ = build_reduction(p, @$, $1, @1, $3, $5); }
| IF '(' expr ',' expr ',' expr ')'       { $$ = build_conditional(p, @$, $3, $5, $7); }
| CHOOSE NAME '{' value_options '}'       { $$ = build_choice(p, @$, $2, @2, $4.first); }
| CHOOSE NAME '{' value_options error '}' { yyerrok; $$ = build_choice(p, @$, $2, @2, $4.first); }
;

arguments: %empty { $$ = (struct expr_list){NULL, NULL}; } | more_exprs;

more_exprs:
  argument                 { $$ = (struct expr_list){$1, $1}; }
| more_exprs ',' argument  { $$ = build_exprs($1, $3); }
;

argument: expr | NAME '=' expr { $$ = $3; $$->label = $1; };

exprs:
  expr            { $$ = (struct expr_list){$1, $1}; }
| exprs ',' expr  { $$ = build_exprs($1, $3); }
;

index_items:
  index_item                  { $$ = (struct expr_list){$1, $1}; }
| index_items ',' index_item  { $$ = build_exprs($1, $3); }
;

index_item: expr | range | open_range
| DOTDOT sum         { $$ = build_range(p, @$, build_first(p, @1), $2); };

%%

static int grammar_lex(GRAMMAR_STYPE *value, struct span *span, struct parser *p) {
  const struct token *token = build_next_token(p);
  *span = token->span;
  switch (token->kind) {
    case TOK_NAME: value->TOK_NAME = token->text; break;
    case TOK_STRING: value->TOK_STRING = token->text; break;
    case TOK_RATE: value->TOK_RATE = token->text; break;
    case TOK_LABEL: value->TOK_LABEL = token->text; break;
    case TOK_NUMBER: value->TOK_NUMBER = *token; break;
    default: break; /* the others carry no value */
  }
  return token->kind;
}

/* Only called when the parser's stack is full: syntax errors go through yyreport_syntax_error. */
static void grammar_error(struct span *span, struct parser *p, const char *message) {
  (void)message;
  build_too_deep(p, *span);
}

static int yyreport_syntax_error(const yypcontext_t *context, struct parser *p) {
  enum { LIMIT = 7 }; /* more would not help */
  yysymbol_kind_t expected[LIMIT];
  const char *words[LIMIT];
  int n = yypcontext_expected_tokens(context, expected, LIMIT);
  if (n < 0) return n;
  for (int k = 0; k < n; k++) words[k] = yysymbol_name(expected[k]);
  build_syntax_error(p, (size_t)n, words);
  return 0;
}

const char *parser_token_words(int kind) { return yysymbol_name(YYTRANSLATE(kind)); }
