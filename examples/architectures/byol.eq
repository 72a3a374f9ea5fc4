# A network that says what another view looks like to a slow copy of itself
# Grill et al. (2020), Bootstrap your own latent
X1, X2: 4 x m input
W: 5 x 4
W_slow: 5 x 4 frozen
V: 5 x 5
P = V @ tanh(W @ X1)
T = tanh(W_slow @ X2)
loss = mean(sum((P / norm(P, axis=0) - T / norm(T, axis=0))**2, axis=0))
