data { int n; vector[n] x; vector[n] end; vector[n] t; }
parameters { real a; real b; real<lower=0> shape; }
model { a ~ normal(0,5); b ~ normal(0,2); shape ~ gamma(2,1);
 for (i in 1:n) if (t[i] < end[i]) t[i] ~ weibull(shape, exp(a+b*x[i])); else target += weibull_lccdf(end[i] | shape, exp(a+b*x[i])); }
