# Score matching: the trace of a Hessian and the square of a gradient
# Hyvärinen (2005), Estimation of non-normalized statistical models by score matching
X: 2 x m
W: 5 x 2
b: 5 x 1
v: 1 x 5
E = v @ softplus(W @ X + b)
S = -grad(sum(E), X)
S1 = grad(sum(S[0]), X)
S2 = grad(sum(S[1]), X)
loss = mean(sum(S**2, axis=0) / 2 + S1[0] + S2[1])
