data { int n; matrix[n,20] x; array[n] int y; }
parameters { real a; real<lower=0> tau; vector<lower=0>[20] lambda; vector[20] z; }
transformed parameters { vector[20] beta = z .* lambda * tau; }
model { a ~ normal(0,5); tau ~ cauchy(0,.1); lambda ~ cauchy(0,1); z ~ normal(0,1); y ~ bernoulli_logit_glm(x, a, beta); }
