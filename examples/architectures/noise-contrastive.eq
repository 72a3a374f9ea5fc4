# Noise-contrastive estimation of an unnormalised density
# Gutmann and Hyvärinen (2010), Noise-contrastive estimation
X, N: 3 x m input
L: 3 x 3
mu: 3 x 1
c: 1 x 1
G_x = -sum((L @ (X - mu))**2, axis=0) / 2 + c + sum(X**2, axis=0) / 2
G_n = -sum((L @ (N - mu))**2, axis=0) / 2 + c + sum(N**2, axis=0) / 2
loss = -mean(log(sigmoid(G_x))) - mean(log(1 - sigmoid(G_n)))
