data { array[21] int n; array[21] int r; vector[21] seed; vector[21] extract; }
parameters { real alpha0; real alpha1; real alpha12; real alpha2; real<lower=0> tau; vector[21] b; }
transformed parameters { real sigma = 1 / sqrt(tau); }
model { alpha0 ~ normal(0,1000); alpha1 ~ normal(0,1000); alpha2 ~ normal(0,1000); alpha12 ~ normal(0,1000); tau ~ gamma(.001,.001);
 b ~ normal(0, sigma); r ~ binomial_logit(n, alpha0 + alpha1*seed + alpha2*extract + alpha12*seed.*extract + b); }
