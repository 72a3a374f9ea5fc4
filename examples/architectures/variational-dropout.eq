# Multiplicative noise whose size is learned, with the divergence by its approximation
# Molchanov, Ashukha and Vetrov (2017), Variational dropout sparsifies deep neural networks
X: 4 x m
epsilon: 3 x m input
Y: 3 x m
W, R: 3 x 4
a = R - 2 * log(abs(W) + 0.01)
M = W @ X
S = exp(R) @ X**2
kl = -sum(0.63576 * sigmoid(1.8732 + 1.48695 * a) - softplus(-a) / 2 - 0.63576)
loss = -sum(Y * log_softmax(M + sqrt(S) * epsilon)) / m + kl / 100
