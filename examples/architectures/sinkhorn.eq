# The distance of two sets by five rounds of Sinkhorn
# Cuturi (2013), Sinkhorn distances
X: 3 x 4 input
Z: 3 x 5 input
W: 2 x 3
F = W @ X
G = W @ Z
C = sum(F**2, axis=0).T + sum(G**2, axis=0) - 2 * F.T @ G
K = exp(-C)
v[0] = ones(5, 1)
repeat k = 1..5:
    u[k] = 1 / (4 * K @ v[k-1])
    v[k] = 1 / (5 * K.T @ u[k])
loss = u[5].T @ (K * C) @ v[5]
