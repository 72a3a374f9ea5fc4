# A Gaussian process: its marginal likelihood by the lengths of its kernel
# Rasmussen and Williams (2006), Gaussian processes for machine learning
X: 3 x n input
Y: n x 1 target
l: 3 x 1
s, e: 1 x 1
Z = exp(-l) * X
q = sum(Z**2, axis=0)
K = exp(s) * exp(Z.T @ Z - q / 2 - q.T / 2) + exp(e) * eye(n)
loss = (Y.T @ solve(K, Y) + logdet(K)) / 2
