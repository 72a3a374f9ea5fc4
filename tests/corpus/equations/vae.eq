# A variational autoencoder, reparametrised, with the divergence from the unit normal
# m = 5
X: 5 x m
eps: 2 x m input
W_enc: 4 x 5
W_mu, W_s: 2 x 4
W_dec: 5 x 2
b_enc: 4 x 1
b_dec: 5 x 1
h = tanh(W_enc @ X + b_enc)
mu = W_mu @ h
s = W_s @ h
z = mu + exp(s) * eps
x_hat = W_dec @ z + b_dec
rec = mse(x_hat, X)
kl = 0.5 * sum(mu**2 + exp(2 * s) - 2 * s - 1) / m
loss = rec + kl
