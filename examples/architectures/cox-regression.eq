# Cox regression: the partial likelihood, columns from the longest time to the shortest
# Cox (1972), Regression models and life-tables
X: 3 x m
event: 1 x m input
w: 1 x 3
eta = w @ X
risk = cumsum(exp(eta), axis=1)
loss = -sum(event * (eta - log(risk)))
