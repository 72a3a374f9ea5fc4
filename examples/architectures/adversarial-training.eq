# Adversarial training: a step along the sign of the gradient by the input
# Goodfellow, Shlens and Szegedy (2015), Explaining and harnessing adversarial examples
X: 4 x m
Y: 3 x m
W: 5 x 4
V: 3 x 5
clean = -sum(Y * log_softmax(V @ tanh(W @ X))) / m
X_new = X + 0.1 * stop(sign(grad(clean, X)))
attacked = -sum(Y * log_softmax(V @ tanh(W @ X_new))) / m
loss = 0.5 * clean + 0.5 * attacked
