data { int n; vector[n] x; vector[n] y; }
parameters { real alpha; real beta; real<lower=.5,upper=1> lambda; real<lower=0> tau; }
model { alpha ~ normal(0, 1000); beta ~ normal(0, 1000); lambda ~ uniform(.5, 1); tau ~ gamma(.0001, .0001);
 for (i in 1:n) y[i] ~ normal(alpha - beta * pow(lambda, x[i]), 1 / sqrt(tau)); }
