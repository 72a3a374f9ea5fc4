# A generator whose code can be read off what it makes
# Chen, Duan, Houthooft, Schulman, Sutskever and Abbeel (2016), InfoGAN
z: 2 x m input
C: 3 x m input
G: 4 x 5
w: 1 x 4
Q: 3 x 4
F = tanh(G @ vstack(z, C))
information = sum(C * log_softmax(Q @ F)) / m
loss = -mean(log(sigmoid(w @ F))) - information
