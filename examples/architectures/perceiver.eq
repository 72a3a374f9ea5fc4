# Latent vectors attend to what comes in, and so a few stand for many
# Jaegle, Gimeno, Brock, Zisserman, Vinyals and Carreira (2021), Perceiver
X: 4 x n input
Y: 2 x 1
Z: 3 x 2
W_Q: 5 x 3
W_K: 5 x 4
W_V: 3 x 4
U: 2 x 3
A = softmax((W_K @ X).T @ (W_Q @ Z) / sqrt(5))
H = layernorm(Z + W_V @ X @ A)
O = U @ mean(H, axis=1)
loss = -sum(Y * log_softmax(O))
