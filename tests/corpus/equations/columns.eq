# Sums, norms, means and maxima along an axis
# m = 5
X: 3 x m
Y: 4 x m
W: 4 x 3
V: 4 x 3
Z = W @ X
P = Z / norm(Z, axis=0) + std(Z, axis=1)
S = log_softmax(P) + max(Z, axis=0) + var(Z, axis=0) - min(Z, axis=1)
C = cumsum(S, axis=0) + max(Z, V @ X) * clip(Z, -0.5, 0.5) + logsumexp(Z, axis=1)
loss = mse(C, Y)
