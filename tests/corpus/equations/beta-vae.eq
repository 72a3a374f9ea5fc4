# The same with a number before the divergence
# m = 4; X unit
beta = 4
X: 5 x m
eps: 2 x m input
W_enc: 3 x 5
W_mu, W_s: 2 x 3
W_dec: 5 x 2
h = softplus(W_enc @ X)
mu = W_mu @ h
s = W_s @ h
z = mu + exp(s) * eps
x_hat = sigmoid(W_dec @ z)
rec = bce(x_hat, X)
kl = sum(mu**2 + exp(2 * s) - 2 * s - 1) / (2 * m)
loss = rec + beta * kl
