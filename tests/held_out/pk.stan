functions { vector f(real t, vector y, real ka, real km, real vm) { return [30*ka*exp(-ka*t)/20 - vm/20*y[1]/(km+y[1])]'; } }
data { int K; vector[K] c; }
transformed data { array[K] real t; for (i in 1:K) t[i] = .5*i; }
parameters { real<lower=0> ka; real<lower=0> km; real<lower=0> vm; real<lower=0> sigma; }
model { ka ~ normal(0,2); km ~ normal(0,2); vm ~ normal(0,5); sigma ~ normal(0,1);
 array[K] vector[1] C = ode_rk45_tol(f, [0.0]', 0.0, t, 1e-8, 1e-8, 100000, ka, km, vm);
 for (i in 1:K) c[i] ~ lognormal(log(fmax(C[i][1], 1e-9)), sigma); }
