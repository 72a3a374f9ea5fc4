# A variational autoencoder
# Kingma and Welling (2014), Auto-encoding variational Bayes
X: 5 x m
epsilon: 2 x m input
W: 4 x 5
W_mu, W_s: 2 x 4
V: 4 x 2
U: 5 x 4
H = tanh(W @ X)
mu = W_mu @ H
s = W_s @ H
z = mu + exp(s / 2) * epsilon
P = sigmoid(U @ tanh(V @ z))
kl = sum(exp(s) + mu**2 - 1 - s) / (2 * m)
loss = bce(P, X) + kl
