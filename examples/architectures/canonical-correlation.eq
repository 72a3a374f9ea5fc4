# Deep canonical correlation: the correlation of two views
# Andrew, Arora, Bilmes and Livescu (2013), Deep canonical correlation analysis
X: 4 x m
Z: 3 x m input
W: 2 x 4
V: 2 x 3
F = tanh(W @ X)
G = tanh(V @ Z)
F_c = F - mean(F, axis=1)
G_c = G - mean(G, axis=1)
S = F_c @ G_c.T / m
S_f = F_c @ F_c.T / m + 0.1 * eye(2)
S_g = G_c @ G_c.T / m + 0.1 * eye(2)
loss = -trace(solve(S_f, S) @ solve(S_g, S.T))
