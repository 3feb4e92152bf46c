data { int N; vector[N] weight; vector[N] diam1; vector[N] diam2; vector[N] canopy_height; vector[N] total_height;
       vector[N] density; vector[N] group; }
transformed data { vector[N] log_weight = log(weight); vector[N] a = log(diam1); vector[N] b = log(diam2);
                   vector[N] c = log(canopy_height); vector[N] d = log(total_height); vector[N] e = log(density); }
parameters { vector[7] beta; real<lower=0> sigma; }
model { log_weight ~ normal(beta[1] + beta[2] * a + beta[3] * b + beta[4] * c + beta[5] * d + beta[6] * e
                            + beta[7] * group, sigma); }
