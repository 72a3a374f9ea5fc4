# A Gaussian process on what a network makes of its inputs
# Wilson, Hu, Salakhutdinov and Xing (2016), Deep kernel learning
X: 3 x n input
Y: n x 1 target
W: 5 x 3
V: 2 x 5
b: 5 x 1
e: 1 x 1
Z = V @ tanh(W @ X + b)
R = (sum(Z**2, axis=0) - 2 * Z.T @ Z + sum(Z**2, axis=0).T) / 2
K = exp(-R) + exp(e) * eye(n)
loss = Y.T @ inv(K) @ Y / 2 + logdet(K) / 2
