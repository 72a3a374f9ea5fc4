# Domain-adversarial training: the gradient of the domain classifier is turned around
# Ganin et al. (2016), Domain-adversarial training of neural networks
X, T: 4 x m input
Y: 2 x m
W: 5 x 4
V: 2 x 5
u: 1 x 5
F = tanh(W @ X)
G = tanh(W @ T)
F_turned = 2 * stop(F) - F
G_turned = 2 * stop(G) - G
domain = -mean(log(sigmoid(u @ F_turned))) - mean(log(1 - sigmoid(u @ G_turned)))
loss = -sum(Y * log_softmax(V @ F)) / m + domain
