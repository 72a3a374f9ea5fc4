# Denoising score matching: the noise of a diffused example is said, with the time embedded by a sine
# Ho, Jain and Abbeel (2020), Denoising diffusion probabilistic models
X, epsilon: 3 x m input
t: 1 x m input
W: 6 x 3
w, b: 6 x 1
V: 3 x 6
alpha = sigmoid(t)
Z = sqrt(alpha) * X + sqrt(1 - alpha) * epsilon
E = V @ silu(W @ Z + sin(w @ t + b))
loss = mean(sum((E - epsilon)**2, axis=0))
