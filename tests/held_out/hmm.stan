data { int T; vector[T] y; }
parameters { array[2] real<lower=0,upper=1> theta1; ordered[2] mu; }
model { theta1 ~ beta(4,4); mu ~ normal(5,5);
 vector[2] lp; vector[2] nw;
 for (k in 1:2) lp[k] = log(.5) + normal_lpdf(y[1] | mu[k], 1);
 for (t in 2:T) { nw[1] = log_sum_exp(lp[1] + log(theta1[1]), lp[2] + log1m(theta1[2])) + normal_lpdf(y[t]|mu[1],1);
  nw[2] = log_sum_exp(lp[1] + log1m(theta1[1]), lp[2] + log(theta1[2])) + normal_lpdf(y[t]|mu[2],1); lp = nw; }
 target += log_sum_exp(lp); }
