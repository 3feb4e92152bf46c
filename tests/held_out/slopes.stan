data { int n; int G; array[n] int g; vector[n] x; vector[n] y; }
parameters { vector[2] mu; vector<lower=0>[2] tau; cholesky_factor_corr[2] L; real<lower=0> sigma; matrix[2,G] z; }
transformed parameters { matrix[2,G] b = rep_matrix(mu, G) + diag_pre_multiply(tau, L)*z; }
model { mu ~ normal(0,5); tau ~ cauchy(0,2); L ~ lkj_corr_cholesky(2); sigma ~ cauchy(0,2); to_vector(z) ~ normal(0,1);
 for (i in 1:n) y[i] ~ normal(b[1,g[i]] + b[2,g[i]]*x[i], sigma); }
