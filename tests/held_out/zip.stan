data { int n; int G; array[n] int g; vector[n] x; array[n] int y; }
parameters { real a; real b; real<lower=0> tau; vector[G] z; real<lower=0,upper=1> zero; real<lower=0> phi; }
model { a ~ normal(0,5); b ~ normal(0,2); tau ~ normal(0,1); z ~ normal(0,1); zero ~ beta(1,1); phi ~ exponential(.1);
 for (i in 1:n) { real eta = a+b*x[i]+tau*z[g[i]];
 if (y[i]==0) target += log_mix(zero, 0, neg_binomial_2_log_lpmf(0|eta,phi)); else target += log1m(zero)+neg_binomial_2_log_lpmf(y[i]|eta,phi);} }
